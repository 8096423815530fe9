package issuer

import (
	"log/slog"
	"net/http"
	"time"
)

const defaultMaxStale = 24 * time.Hour

// RemoteKeySetOptions are the options of [NewRemoteKeySet] and [NewIssuerKeySet]. The zero value
// can be used.
type RemoteKeySetOptions struct {
	// HTTPClient sends the requests; nil means http.DefaultClient. Its CheckRedirect is not used:
	// redirects to another host are refused.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP allows http URLs whose host is a loopback IP address, such as
	// http://127.0.0.1:8080. All other URLs must be https.
	InsecureLoopbackHTTP bool
	// MaxStale is how long after the last successful fetch the cached keys are used while the
	// issuer is not available; 0 means 24 hours. During that time, a key that the issuer has
	// withdrawn since the last fetch is still trusted. A negative value is an error.
	MaxStale time.Duration
	// Timeout is the time limit of a fetch of the keys and, if needed, of the discovery document;
	// 0 means 10 seconds. If the URL of the keys is known from an earlier fetch, the discovery
	// document has a third of Timeout. After that, the keys are fetched from the known URL. A
	// negative value is an error.
	Timeout time.Duration
	// Logger gets a warning for each fetch that fails and a debug record for each that succeeds;
	// nil means no log.
	Logger *slog.Logger
}
