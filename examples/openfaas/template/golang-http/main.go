// Serves the handler of the folder function, which gets a request that has been read and returns a response.
package main

import (
	"io"
	"log"
	"net/http"

	"handler/function"

	handler "github.com/openfaas/templates-sdk/go-http"
)

func answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client has left in the middle of its request
	}
	request := handler.Request{
		Body:        body,
		Header:      r.Header,
		QueryString: r.URL.RawQuery,
		Method:      r.Method,
		Host:        r.Host,
		Path:        r.URL.Path,
	}
	request.WithContext(r.Context())
	response, err := function.Handle(request)
	if err != nil {
		log.Print(err)
		response.StatusCode = http.StatusInternalServerError
	}
	for name, values := range response.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	if response.StatusCode != 0 {
		w.WriteHeader(response.StatusCode)
	}
	w.Write(response.Body)
}

func main() {
	serve(answer)
}
