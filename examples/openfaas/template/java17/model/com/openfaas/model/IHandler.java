package com.openfaas.model;

/** What a function is. One object answers all requests, several at a time. */
public interface IHandler {
    IResponse Handle(IRequest request);
}
