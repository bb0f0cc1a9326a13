# Calls function/handler.rb as the official template ruby-http does. Ruby has no HTTP server of its own any
# more; this one is for the watchdog alone, which passes on well-formed requests whose length is known
# (http_buffer_req_body). A thread a connection.

gemfile = File.join(__dir__, 'function/Gemfile')
if File.exist?(gemfile)
  ENV['BUNDLE_GEMFILE'] = gemfile
  require 'bundler/setup'
end

require 'socket'
require 'stringio'
require_relative 'function/handler'

$stdout.sync = true

# A request as Rack describes it; nil at the end of the connection.
def read_request(connection)
  line = connection.gets("\r\n", chomp: true) or return
  method, target, = line.split(' ')
  path, query = target.split('?', 2)
  env = {'REQUEST_METHOD' => method, 'SCRIPT_NAME' => '', 'PATH_INFO' => path, 'QUERY_STRING' => query || '',
         'REQUEST_URI' => target, 'SERVER_PROTOCOL' => 'HTTP/1.1', 'rack.url_scheme' => 'http'}
  while (line = connection.gets("\r\n", chomp: true)) && !line.empty?
    add_field(env, *line.split(/:\s*/, 2))
  end
  length = env['CONTENT_LENGTH'].to_i
  connection.write("HTTP/1.1 100 Continue\r\n\r\n") if env['HTTP_EXPECT']
  body = length.zero? ? ''.b : connection.read(length)
  return if body.nil? || body.bytesize < length # the client has left in the middle of its request

  env.merge('rack.input' => StringIO.new(body))
end

def add_field(env, name, value)
  name = name.upcase.tr('-', '_')
  name = "HTTP_#{name}" unless %w[CONTENT_TYPE CONTENT_LENGTH].include?(name)
  env[name] = env.key?(name) ? "#{env[name]}, #{value}" : value
end

# [status, fields, body] from what the handler returns.
def answer(env)
  body, fields, status = Handler.new.run(env['rack.input'], env)
  default = env['REQUEST_METHOD'] == 'OPTIONS' ? 204 : 200
  [(status || default).to_i, fields || {}, body.respond_to?(:read) ? body.read : body.to_s]
rescue StandardError, ScriptError => e
  warn e.full_message(highlight: false)
  [500, {'content-type' => 'text/plain'}, "The function failed.\n"]
end

# In one piece, for a second one would wait for the acknowledgement of the first.
def write_response(connection, method, status, fields, body)
  head = "HTTP/1.1 #{status} \r\n"
  fields = {'content-type' => 'text/html;charset=utf-8'}.merge(fields) if fields.keys.none? { |n| n =~ /\Acontent-type\z/i }
  fields.each do |name, values|
    Array(values).each { |value| head << "#{name}: #{value.to_s.delete("\r\n")}\r\n" }
  end
  empty = [204, 304].include?(status)
  head << "Content-Length: #{body.bytesize}\r\n" unless empty
  connection.write(head << "\r\n", empty || method == 'HEAD' ? '' : body)
end

def serve(connection)
  while (env = read_request(connection))
    write_response(connection, env['REQUEST_METHOD'], *answer(env))
  end
rescue Errno::EPIPE, Errno::ECONNRESET
  # the client has left
ensure
  connection.close
end

# At once: when the watchdog sends it there are no requests left, or they have had their time.
trap('TERM') { exit!(0) }

server = TCPServer.new('127.0.0.1', ENV.fetch('PORT', 5000).to_i)
server.listen(128)
loop do
  connection = server.accept
  connection.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
  Thread.new(connection) { |accepted| serve(accepted) }
end
