require 'greeting'
require 'uri'

class Handler
  def run(body, headers)
    route, argument = headers['PATH_INFO'].delete_prefix('/').split('/')
    case route
    when 'info'
      query = URI.decode_www_form(headers['QUERY_STRING']).to_h
      "#{headers['REQUEST_METHOD']} #{headers['PATH_INFO']} name=#{query['name']} test=#{headers['HTTP_X_TEST']}"
    when 'status' then ['', {'x-status' => argument}, argument.to_i]
    when 'throw' then raise 'thrown on purpose'
    when 'package' then greeting('a package')
    when 'pid' then Process.pid
    when 'slow'
      puts 'slow begins'
      sleep 1
      'done'
    else
      sent = body.read
      [sent, {'content-type' => headers['CONTENT_TYPE'], 'x-size' => sent.bytesize}, 201]
    end
  end
end
