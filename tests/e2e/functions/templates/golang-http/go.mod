module handler/function

go 1.18

require (
	example.com/greeting v0.0.0
	github.com/openfaas/templates-sdk/go-http v0.0.0-20220408082716-5981c545cb03
)

replace example.com/greeting => ./greeting
