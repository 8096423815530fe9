// Package httpjson is the one door through which this module fetches JSON over HTTP.
//
// Everything that arrives is bounded: the body by a limit, the exchange by a time, the redirects by a number and by an allow-list.
// Only https is spoken, except to loopback addresses when the caller says so. Headers, and with them a credential, go only to
// hosts that the caller named.
//
//	resp, err := httpjson.Do(ctx, httpjson.Request{URL: "https://app.gitpod.io/.well-known/openid-configuration"})
//	if err != nil {
//		return err // *URLError, *TransportError, *RedirectError or *LimitError
//	}
//	if resp.StatusCode != http.StatusOK || !resp.IsJSON() {
//		return ...
//	}
//
// A status is data, not an error: 304, 401 and 503 come back as a [Response] with their body. Retrying is the caller's business,
// because only the caller knows what may be repeated.
package httpjson
