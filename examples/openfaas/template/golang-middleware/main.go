// Serves the handler of the folder function.
package main

import "handler/function"

func main() {
	serve(function.Handle)
}
