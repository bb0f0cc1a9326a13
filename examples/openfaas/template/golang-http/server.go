package main

import (
	"bufio"
	"context"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// response knows whether it has begun.
type response struct {
	http.ResponseWriter
	begun bool
}

func (r *response) WriteHeader(status int) {
	r.begun = r.begun || status >= 200
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(body []byte) (int, error) {
	r.begun = true
	return r.ResponseWriter.Write(body)
}

func (r *response) Flush() {
	r.begun = true
	r.ResponseWriter.(http.Flusher).Flush()
}

func (r *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.begun = true
	return r.ResponseWriter.(http.Hijacker).Hijack()
}

func (r *response) Unwrap() http.ResponseWriter {
	return r.ResponseWriter
}

// recovered answers for a handler that panics; a response that has begun breaks off instead.
func recovered(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := &response{ResponseWriter: w}
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if reason != http.ErrAbortHandler {
				log.Printf("panic: %v\n%s", reason, debug.Stack())
			}
			if answer.begun {
				panic(http.ErrAbortHandler)
			}
			http.Error(w, "The function failed.", http.StatusInternalServerError)
		}()
		handle(answer, r)
	}
}

// serve returns when SIGTERM has come and the requests of that time are answered. The watchdog has the limits.
func serve(handle http.HandlerFunc) {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8082"
	}
	server := http.Server{Addr: "127.0.0.1:" + port, Handler: recovered(handle)}
	over := make(chan struct{})
	go func() {
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		<-ended
		server.Shutdown(context.Background())
		close(over)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-over
}
