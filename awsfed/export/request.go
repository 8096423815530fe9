package export

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/onafed/onafed/internal/loopback"
)

// reject returns the status and the reason if the request gets no credentials, otherwise status 0.
// The token is compared last, so that only clients on this machine can try one.
func (h *Handler) reject(r *http.Request) (status int, reason string) {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !loopback.IsAddr(local) {
		return http.StatusForbidden, "the connection did not arrive at a loopback address"
	}
	if remote, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || !loopback.IsLiteral(remote) {
		return http.StatusForbidden, "the client is not on this machine"
	}
	if !isLoopbackHost(r.Host, local.Port) {
		return http.StatusForbidden, "Host is not the loopback address of the connection"
	}
	for name := range r.Header {
		if isForeignHeader(name) {
			return http.StatusForbidden, "header " + name + " is sent by browsers and proxies, not by SDKs"
		}
	}
	if r.Method != http.MethodGet {
		return http.StatusMethodNotAllowed, "the method is not GET"
	}
	given := r.Header["Authorization"]
	if len(given) != 1 {
		return http.StatusUnauthorized, "the Authorization header is missing or repeated"
	}
	sum := sha256.Sum256([]byte(given[0]))
	if subtle.ConstantTimeCompare(sum[:], h.token[:]) != 1 {
		return http.StatusUnauthorized, "wrong token"
	}
	return 0, ""
}

// isLoopbackHost reports whether a Host header names this machine and the port of the connection.
func isLoopbackHost(hostport string, port int) bool {
	host, p, err := net.SplitHostPort(hostport)
	if err != nil { // without a port it is the port of the scheme
		host, p = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]"), "80"
	}
	return p == strconv.Itoa(port) && loopback.IsHost(host)
}

// isForeignHeader reports whether browsers or proxies send the header and SDKs do not. The name is
// in canonical form.
func isForeignHeader(name string) bool {
	switch name {
	case "Origin", "Referer", "Forwarded", "Via", "X-Real-Ip", "Proxy-Connection", "Access-Control-Request-Method":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "Sec-")
}
