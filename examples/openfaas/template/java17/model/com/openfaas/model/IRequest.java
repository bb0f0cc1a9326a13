package com.openfaas.model;

import java.util.Map;

public interface IRequest {
    /** The body as UTF-8. */
    String getBody();

    /** The body as it came; not in the official template. */
    byte[] getBodyBytes();

    /** GET, POST and so on; not in the official template. */
    String getMethod();

    Map<String, String> getHeaders();

    /** The name may be written in any case; null where there is no such field. */
    String getHeader(String key);

    String getQueryRaw();

    Map<String, String> getQuery();

    String getPathRaw();

    /** The segments of the path as names and values: /user/7 is {user=7}. */
    Map<String, String> getPath();
}
