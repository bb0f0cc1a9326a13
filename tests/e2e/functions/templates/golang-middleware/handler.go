package function

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/greeting"
)

func Handle(w http.ResponseWriter, r *http.Request) {
	route, argument, _ := strings.Cut(r.URL.Path[1:], "/")
	switch {
	case r.Method == "POST":
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.Header().Set("X-Size", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusCreated)
		w.Write(body)
	case route == "info":
		fmt.Fprintf(w, "%s %s name=%s test=%s", r.Method, r.URL.Path, r.URL.Query().Get("name"), r.Header.Get("X-Test"))
	case route == "status":
		status, _ := strconv.Atoi(argument)
		w.Header().Set("X-Status", argument)
		w.WriteHeader(status)
	case route == "throw":
		panic("thrown on purpose")
	case route == "late":
		fmt.Fprint(w, "part of it")
		w.(http.Flusher).Flush()
		panic("thrown on purpose")
	case route == "package":
		fmt.Fprint(w, greeting.From("a package"))
	case route == "pid":
		fmt.Fprint(w, os.Getpid())
	case route == "static":
		file, _ := os.ReadFile("static/file.txt")
		w.Write(file)
	case route == "slow":
		fmt.Println("slow begins")
		time.Sleep(time.Second)
		fmt.Fprint(w, "done")
	}
}
