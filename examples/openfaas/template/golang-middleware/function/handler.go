package function

import (
	"fmt"
	"io"
	"net/http"
)

func Handle(w http.ResponseWriter, r *http.Request) {
	name, _ := io.ReadAll(r.Body)
	if len(name) == 0 {
		name = []byte("Go")
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "Hello, %s!\n", name)
}
