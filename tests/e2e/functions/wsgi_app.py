"""A Flask application, for real_servers_test.py."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/echo")
def echo():
    return request.get_data()


@app.post("/count")
def count():
    return str(len(request.get_data()))


@app.get("/missing")
def missing():
    return "no", 404


@app.get("/")
def index():
    return "hello"
