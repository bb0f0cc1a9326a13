package com.openfaas.function;

import com.openfaas.model.IHandler;
import com.openfaas.model.IRequest;
import com.openfaas.model.IResponse;
import com.openfaas.model.Response;

public class Handler implements IHandler {
    public IResponse Handle(IRequest req) {
        String name = req.getBody().isEmpty() ? "Java" : req.getBody();
        Response res = new Response();
        res.setContentType("text/plain");
        res.setBody("Hello, " + name + "!\n");
        return res;
    }
}
