package greeting

func From(what string) string {
	return "Hello from " + what
}
