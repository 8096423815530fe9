// Package httpjson fetches JSON over HTTP within limits.
//
// It bounds the size of a body, the time of an exchange, and the number and the targets of redirects.
// It requires https, except for loopback addresses if the caller allows http. It sends headers, and
// with them a credential, only to hosts that the caller allows.
//
//	resp, err := httpjson.Do(ctx, httpjson.Request{URL: "https://app.gitpod.io/.well-known/openid-configuration"})
//	if err != nil {
//		return err // *URLError, *TransportError, *RedirectError or *LimitError
//	}
//	if resp.StatusCode != http.StatusOK || !resp.IsJSON() {
//		return ...
//	}
//
// A status is not an error: Do returns 304, 401 and 503 as a [Response] with their body. Callers
// retry, because only they know which requests may be repeated.
package httpjson
