package ecr

import "testing"

func FuzzParseAnswer(f *testing.F) {
	f.Add(200, []byte(`{"authorizationData":[{"authorizationToken":"QVdTOnA=","expiresAt":1.7e9,"proxyEndpoint":"https://a"}]}`))
	f.Add(400, []byte(`{"__type":"ThrottlingException","message":"Rate exceeded"}`))
	f.Add(403, []byte(`{"__type":"a#AccessDeniedException","Message":"no"}`))
	f.Add(200, []byte(`{"authorizationData":[{}]}`))
	f.Add(502, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		password, expiry, err := parseAnswer(status, text)
		if (password == "") != (err != nil) || expiry.IsZero() != (err != nil) || err == nil && status != 200 || err != nil && len(err.Error()) > 400 {
			t.Errorf("parseAnswer(%d, %q) = %q, %v", status, text, password, err)
		}
	})
}
