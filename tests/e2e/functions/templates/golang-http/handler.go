package function

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/greeting"
	handler "github.com/openfaas/templates-sdk/go-http"
)

func Handle(req handler.Request) (handler.Response, error) {
	route, argument, _ := strings.Cut(req.Path[1:], "/")
	switch {
	case req.Method == "POST":
		return handler.Response{
			Body:       req.Body,
			StatusCode: http.StatusCreated,
			Header: http.Header{
				"Content-Type": {req.Header.Get("Content-Type")},
				"x-size":       {strconv.Itoa(len(req.Body))},
			},
		}, nil
	case route == "info":
		query, _ := url.ParseQuery(req.QueryString)
		return text(fmt.Sprintf("%s %s name=%s test=%s", req.Method, req.Path, query.Get("name"), req.Header.Get("X-Test")))
	case route == "status":
		status, _ := strconv.Atoi(argument)
		return handler.Response{StatusCode: status, Header: http.Header{"X-Status": {argument}}}, nil
	case route == "throw":
		panic("thrown on purpose")
	case route == "error":
		return handler.Response{Body: []byte("the input was invalid")}, errors.New("an error of the handler")
	case route == "context":
		return text(fmt.Sprint(req.Context().Err()))
	case route == "package":
		return text(greeting.From("a package"))
	case route == "pid":
		return text(fmt.Sprint(os.Getpid()))
	case route == "slow":
		fmt.Println("slow begins")
		time.Sleep(time.Second)
		return text("done")
	}
	return text("")
}

func text(body string) (handler.Response, error) {
	return handler.Response{Body: []byte(body)}, nil
}
