def handle(method, path, headers, body):
    name = body.decode() or "Python"
    return 200, {"Content-Type": "text/plain"}, f"Hello, {name}!\n"
