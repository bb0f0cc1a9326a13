import os
import time

import greeting


def handle(event, context):
    _, route, *arguments = event.path.split("/")
    if route == "info":
        name, test = event.query["name"], event.headers["X-Test"]
        return {"statusCode": 200, "body": f"{event.method} {event.path} name={name} test={test}"}
    if route == "status":
        return {"statusCode": int(arguments[0]), "headers": {"X-Status": arguments[0]}}
    if route == "throw":
        raise ValueError("thrown on purpose")
    if route == "package":
        return {"body": greeting.greeting("a package")}
    if route == "pid":
        return {"body": os.getpid()}
    if route == "slow":
        print("slow begins")
        time.sleep(1)
        return {"body": "done"}
    if route == "json":
        missing = [event.headers.get("X-None"), event.query.get("none"), "X-None" in event.headers]
        return {"statusCode": 202, "body": {"host": context.hostname, "missing": missing}}
    if route == "returned":
        return {"alone": "a string", "pair": ("made", 201), "nothing": None}[arguments[0]]
    return {"statusCode": 201, "body": event.body,
            "headers": [("Content-Type", event.headers["content-type"]), ("X-Size", len(event.body))]}
