package com.openfaas.model;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

public class Request implements IRequest {
    private final String method;
    private final byte[] body;
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private final String query;
    private final String path;

    /** Query and path as they stand in the request; the query without its question mark, or null. */
    public Request(String method, String path, String query, Map<String, String> headers, byte[] body) {
        this.method = method;
        this.path = path;
        this.query = query == null ? "" : query;
        this.headers.putAll(headers);
        this.body = body;
    }

    @Override
    public String getBody() {
        return new String(body, StandardCharsets.UTF_8);
    }

    @Override
    public byte[] getBodyBytes() {
        return body;
    }

    @Override
    public String getMethod() {
        return method;
    }

    @Override
    public Map<String, String> getHeaders() {
        return Collections.unmodifiableMap(headers);
    }

    @Override
    public String getHeader(String key) {
        return headers.get(key);
    }

    @Override
    public String getQueryRaw() {
        return query;
    }

    @Override
    public Map<String, String> getQuery() {
        Map<String, String> values = new LinkedHashMap<>();
        for (String pair : query.split("&")) {
            if (pair.isEmpty()) {
                continue;
            }
            String[] parts = pair.split("=", 2);
            values.put(decoded(parts[0]), parts.length > 1 ? decoded(parts[1]) : "");
        }
        return values;
    }

    @Override
    public String getPathRaw() {
        return path;
    }

    @Override
    public Map<String, String> getPath() {
        Map<String, String> values = new LinkedHashMap<>();
        String[] segments = path.replaceFirst("^/", "").split("/");
        for (int i = 0; i + 1 < segments.length; i += 2) {
            values.put(segments[i], segments[i + 1]);
        }
        return values;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
