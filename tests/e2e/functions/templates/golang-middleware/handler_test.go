package function

import (
	"net/http/httptest"
	"testing"
)

func TestHandle(t *testing.T) {
	recorder := httptest.NewRecorder()
	Handle(recorder, httptest.NewRequest("GET", "/package", nil))
	if recorder.Body.String() != "Hello from a package" {
		t.Fatal(recorder.Body)
	}
}
