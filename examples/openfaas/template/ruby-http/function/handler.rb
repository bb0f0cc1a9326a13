class Handler
  def run(body, headers)
    name = body.read
    name = 'Ruby' if name.empty?
    return "Hello, #{name}!\n", {'content-type' => 'text/plain'}, 200
  end
end
