package com.openfaas.function;

import com.openfaas.model.IHandler;
import com.openfaas.model.IRequest;
import com.openfaas.model.IResponse;
import com.openfaas.model.Response;
import example.Greeting;

public class Handler implements IHandler {
    public IResponse Handle(IRequest req) {
        Response res = new Response();
        String[] path = (req.getPathRaw() + "/").substring(1).split("/");
        switch (req.getMethod().equals("POST") ? "post" : path[0]) {
            case "post":
                res.setStatusCode(201);
                res.setContentType(req.getHeader("content-type"));
                res.setHeader("X-Size", String.valueOf(req.getBodyBytes().length));
                res.setBodyBytes(req.getBodyBytes());
                break;
            case "info":
                res.setBody(req.getMethod() + " " + req.getPathRaw() + " name=" + req.getQuery().get("name")
                    + " test=" + req.getHeader("X-Test"));
                break;
            case "status":
                res.setStatusCode(Integer.parseInt(req.getPath().get("status")));
                res.setHeader("X-Status", path[1]);
                break;
            case "throw":
                throw new IllegalStateException("thrown on purpose");
            case "package":
                res.setBody(Greeting.from("a package"));
                break;
            case "pid":
                res.setBody(String.valueOf(ProcessHandle.current().pid()));
                break;
            case "slow":
                System.out.println("slow begins");
                sleep();
                res.setBody("done");
                break;
            default:
        }
        return res;
    }

    private static void sleep() {
        try {
            Thread.sleep(1000);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
