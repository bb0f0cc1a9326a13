def handle(event, context):
    name = event.body.decode() or "Python"
    return {
        "statusCode": 200,
        "body": f"Hello, {name}!\n",
        "headers": {"Content-Type": "text/plain"},
    }
