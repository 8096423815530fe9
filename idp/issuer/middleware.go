package issuer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/onafed/onafed/claims"
)

type contextKey struct{}

// ClaimsFromContext returns the claims that [Verifier.Middleware] has verified for this request.
func ClaimsFromContext(ctx context.Context) (claims.Claims, bool) {
	c, ok := ctx.Value(contextKey{}).(claims.Claims)
	return c, ok
}

// Middleware calls next for requests with a token that [Verifier.Verify] accepts, with its claims in the context, see
// [ClaimsFromContext]. The token is read from the header "Authorization: Bearer" and from nowhere else: not from the query, which is
// logged, and not from a form.
//
// Other requests are answered as RFC 6750 says: 401 and "Bearer" when there is no token, 401 and error="invalid_token" when it is
// refused, whatever the reason, since the reason helps those who try tokens; [VerifierOptions.Logger] gets it. When the keys cannot be
// had, the answer is 503: the token may be good.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, found := bearer(r.Header["Authorization"])
		if !found {
			challenge(w, "Bearer")
			return
		}
		c, err := v.Verify(r.Context(), raw)
		if err == nil {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, c)))
			return
		}
		reason := ReasonKeysUnavailable // the request's context has ended; a return alone would be a 200
		var refused *VerifyError
		if errors.As(err, &refused) {
			reason = refused.Reason
		}
		v.logger.LogAttrs(r.Context(), slog.LevelWarn, "token refused",
			slog.String("reason", string(reason)), slog.String("error", err.Error()))
		if reason == ReasonKeysUnavailable {
			http.Error(w, "the token cannot be verified now", http.StatusServiceUnavailable)
			return
		}
		challenge(w, `Bearer error="invalid_token"`)
	})
}

func challenge(w http.ResponseWriter, value string) {
	w.Header().Set("WWW-Authenticate", value)
	http.Error(w, "unauthorized", http.StatusUnauthorized)
}

// bearer returns the token of an Authorization header. found is false when no Bearer token is offered at all; a header that offers
// one badly, or two headers, yield a token that no verifier accepts.
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
