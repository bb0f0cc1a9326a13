package com.openfaas.model;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** A 200 without a body, until it is told otherwise. */
public class Response implements IResponse {
    private int status = 200;
    private byte[] body = {};
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    @Override
    public String getBody() {
        return new String(body, StandardCharsets.UTF_8);
    }

    @Override
    public void setBody(String body) {
        this.body = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
    }

    /** Not in the official template. */
    public byte[] getBodyBytes() {
        return body;
    }

    /** Not in the official template. */
    public void setBodyBytes(byte[] body) {
        this.body = body;
    }

    @Override
    public String getHeader(String key) {
        return headers.get(key);
    }

    @Override
    public void setHeader(String key, String value) {
        headers.put(key, value);
    }

    @Override
    public Map<String, String> getHeaders() {
        return headers;
    }

    @Override
    public void setContentType(String contentType) {
        headers.put("Content-Type", contentType);
    }

    @Override
    public String getContentType() {
        return headers.get("Content-Type");
    }

    @Override
    public void setStatusCode(int code) {
        status = code;
    }

    @Override
    public int getStatusCode() {
        return status;
    }
}
