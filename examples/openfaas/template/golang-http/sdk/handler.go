// Package handler has the types of golang-http, under the name by which handlers import them.
package handler

import (
	"context"
	"net/http"
)

// Request is what the client has sent.
type Request struct {
	Body        []byte
	Header      http.Header
	QueryString string
	Method      string
	Host        string
	Path        string // not in the official template

	ctx context.Context
}

// Context is done when nobody waits for the response any more.
func (r *Request) Context() context.Context {
	return r.ctx
}

// WithContext gives the request another context.
func (r *Request) WithContext(ctx context.Context) {
	if ctx == nil {
		panic("a request needs a context")
	}
	r.ctx = ctx
}

// Response is what the client gets; without a StatusCode, a 200.
type Response struct {
	Body       []byte
	StatusCode int
	Header     http.Header
}

// FunctionHandler is what a handler is.
type FunctionHandler interface {
	Handle(req Request) (Response, error)
}
