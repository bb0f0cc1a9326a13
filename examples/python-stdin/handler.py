import json
import sys

request = json.load(sys.stdin)
print(json.dumps({"sum": sum(request["numbers"])}))
