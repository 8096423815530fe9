package issuer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
)

type contextKey struct{}

// ContextWithClaims returns a copy of ctx with claims for [ClaimsFromContext]. With it a handler can be
// tested without tokens. [Verifier.Middleware] uses it for claims that it verified.
func ContextWithClaims(ctx context.Context, c claims.Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// ClaimsFromContext returns the claims that [Verifier.Middleware] verified for a request, or those of
// [ContextWithClaims], and reports whether there are any.
func ClaimsFromContext(ctx context.Context) (claims.Claims, bool) {
	c, ok := ctx.Value(contextKey{}).(claims.Claims)
	return c, ok
}

// Middleware returns a handler that calls next for each request whose token [Verifier.Verify]
// accepts. The claims are in the context of the request, see [ClaimsFromContext]. The token is read
// only from the header "Authorization: Bearer". It is not read from the query, which servers log,
// or from a form.
//
// The response to other requests follows RFC 6750: status 401 and "Bearer" if there is no token,
// 401 and error="invalid_token" if the token is refused. The reason would help an attacker, so it
// is only written to [VerifierOptions.Logger]. If the key of the token is not available, so that the
// token may be good, the status is 503 with a Retry-After.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, found := bearer(r.Header["Authorization"])
		if !found {
			challenge(w, "Bearer")
			return
		}
		c, err := v.Verify(r.Context(), raw)
		if err == nil {
			next.ServeHTTP(w, r.WithContext(ContextWithClaims(r.Context(), c)))
			return
		}
		reason := ReasonKeysUnavailable // if the context ended; without a response the status would be 200
		if refused, ok := errors.AsType[*VerifyError](err); ok {
			reason = refused.Reason
		}
		v.logger.LogAttrs(r.Context(), slog.LevelWarn, "token refused",
			slog.String("reason", string(reason)), slog.String("error", err.Error()))
		if reason == ReasonKeysUnavailable {
			w.Header().Set("Retry-After", strconv.Itoa(retryAfter(err)))
			http.Error(w, "the token cannot be verified now", http.StatusServiceUnavailable)
			return
		}
		challenge(w, `Bearer error="invalid_token"`)
	})
}

// retryAfter returns after how many seconds a client should repeat a request that failed with err.
func retryAfter(err error) int {
	wait := maxRetryEmpty
	if limit, ok := errors.AsType[*FetchLimitError](err); ok {
		wait = limit.RetryAfter
	} else if fetch, ok := errors.AsType[*FetchError](err); ok && fetch.retryAfter > 0 {
		wait = min(fetch.retryAfter, maxRetryAfter)
	}
	return int((wait + time.Second - 1) / time.Second)
}

func challenge(w http.ResponseWriter, value string) {
	w.Header().Set("WWW-Authenticate", value)
	http.Error(w, "unauthorized", http.StatusUnauthorized)
}

// bearer returns the token of an Authorization header, and reports whether the header has the
// scheme Bearer. If the header is malformed or repeated, the token is "", which no verifier
// accepts.
func bearer(header []string) (token string, found bool) {
	if len(header) == 0 {
		return "", false
	}
	scheme, token, ok := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	if !ok || len(header) > 1 {
		return "", true
	}
	return strings.TrimLeft(token, " "), true
}
