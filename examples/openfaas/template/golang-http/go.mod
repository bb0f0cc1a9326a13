module handler

go 1.18

require github.com/openfaas/templates-sdk/go-http v0.0.0
