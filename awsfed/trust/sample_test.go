package trust_test

const (
	org     = "0191e223-1c3c-7607-badf-303c98b52d2f"
	project = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	env     = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	user    = "0191e223-1c3c-7607-badf-303c98b52d30"

	subV2 = "org:" + org + "/prj:" + project + "/env:" + env
)
