package function

import (
	"fmt"
	"net/http"

	handler "github.com/openfaas/templates-sdk/go-http"
)

func Handle(req handler.Request) (handler.Response, error) {
	name := string(req.Body)
	if name == "" {
		name = "Go"
	}
	return handler.Response{
		Body:       []byte(fmt.Sprintf("Hello, %s!\n", name)),
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/plain"}},
	}, nil
}
