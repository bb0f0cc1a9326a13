package com.openfaas.entrypoint;

import com.openfaas.model.IHandler;
import com.openfaas.model.IRequest;
import com.openfaas.model.IResponse;
import com.openfaas.model.Request;
import com.openfaas.model.Response;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;

/** Serves com.openfaas.function.Handler with the server of the JDK; the watchdog is the only client. */
public class App {
    private final IHandler handler;

    private App(IHandler handler) {
        this.handler = handler;
    }

    public static void main(String[] arguments) throws IOException {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8082"));
        App app = new App(new com.openfaas.function.Handler());
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 128);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", app::serve);
        server.start();
    }

    private void serve(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        send(exchange, answer(request(exchange, body)));
    }

    private static IRequest request(HttpExchange exchange, byte[] body) {
        Map<String, String> headers = new HashMap<>();
        for (Map.Entry<String, List<String>> field : exchange.getRequestHeaders().entrySet()) {
            headers.put(field.getKey(), String.join(", ", field.getValue()));
        }
        return new Request(exchange.getRequestMethod(), exchange.getRequestURI().getRawPath(),
            exchange.getRequestURI().getRawQuery(), headers, body);
    }

    private IResponse answer(IRequest request) {
        try {
            return Objects.requireNonNull(handler.Handle(request), "the handler returned null");
        } catch (Throwable failure) {  // an Error, too, is this request's alone
            failure.printStackTrace();
            Response response = new Response();
            response.setStatusCode(500);
            response.setContentType("text/plain");
            response.setBody("The function failed.\n");
            return response;
        }
    }

    private static void send(HttpExchange exchange, IResponse response) throws IOException {
        byte[] body = response instanceof Response
            ? ((Response) response).getBodyBytes()
            : String.valueOf(response.getBody()).getBytes(StandardCharsets.UTF_8);
        response.getHeaders().forEach(exchange.getResponseHeaders()::set);
        boolean empty = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(response.getStatusCode(), empty ? -1 : body.length);
        if (!empty) {
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }
}
