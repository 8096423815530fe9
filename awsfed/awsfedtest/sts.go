package awsfedtest

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/time/rate"

	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/quote"
)

// AWS's limits for the duration of a session.
const (
	minSession     = 900 * time.Second
	defaultSession = time.Hour
	maxSession     = 12 * time.Hour
	maxChained     = time.Hour
	minRoleMaximum = time.Hour // shortest MaxSessionDuration of a role
)

// STSOptions describe the accounts of an [STS].
type STSOptions struct {
	// HTTPClient fetches the documents of the issuers, for example the Client of an idptest.Issuer.
	// It must not be nil if there are Providers, so that a test never contacts the real
	// app.gitpod.io by accident.
	HTTPClient *http.Client
	// Providers are the OIDC identity providers in IAM.
	Providers []Provider
	// Roles are the roles, each with another ARN. [STS.PutRole] and [STS.DeleteRole] change them
	// later.
	Roles []Role
	// MinDuration is the shortest session, and the shortest MaxSessionDuration of a role, so that
	// credentials expire while a test waits. 0 means AWS's limits: 900 s and an hour. In a
	// testing/synctest bubble, where time costs nothing, AWS's limits need no change. It is at most
	// an hour, so that every role can have sessions.
	MinDuration time.Duration
	// MaxRate is the number of calls per second; further calls are throttled. The calls of one
	// second may come at once. 0 means no limit.
	MaxRate float64
	// Context has the values of condition keys that only AWS knows, such as "aws:SourceIp":
	// {"192.0.2.1"}. A trust policy that depends on a key without a value refuses the call.
	Context map[string][]string
	// OnCall, if not nil, is called at the end of each call, in its goroutine, with the entry of
	// [STS.Calls]. It also gets the requests to the services of [STS.Handle].
	OnCall func(Call)
}

// An STS is a Security Token Service in memory. Use [New] or [NewSTS] to make one.
//
// It is the client that awsfed.New accepts, an [http.Handler] (see [Start]), and, through
// [STS.HTTPClient], the server of any AWS client. All of them use the same roles, faults and call
// log. [STS.Handle] adds other services of AWS, which have no faults and no call log.
//
// An STS is safe for concurrent use, starts no goroutine and needs no Close.
type STS struct {
	client       *sts.Client
	issuerClient *http.Client
	providers    map[string]Provider // by providerID; not changed after NewSTS
	minimum      time.Duration       // of the duration of a session
	minMaximum   time.Duration       // of the MaxSessionDuration of a role
	context      map[string][]string // not changed after NewSTS
	limit        *rate.Limiter       // nil: no limit
	onCall       func(Call)
	master       [32]byte      // secret access keys and the seals of session tokens are derived from it
	issued       atomic.Uint64 // number of access keys
	started      atomic.Int64  // number of calls of STS
	faults       fakehttp.Faults[Fault]
	outage       atomic.Bool
	clockSkew    atomic.Int64 // nanoseconds ahead of time.Now

	mu       sync.RWMutex            // guards the fields below
	calls    []Call                  // that have ended
	roles    map[string]Role         // by ARN
	expired  map[string]bool         // access keys given to ExpireCredentials
	services map[string]http.Handler // by the name in signatures
}

// NewSTS returns an STS with the given providers and roles. Nil options mean none: all calls are
// refused.
func NewSTS(opts *STSOptions) (*STS, error) {
	opts = cmp.Or(opts, &STSOptions{})
	if len(opts.Providers) > 0 && opts.HTTPClient == nil {
		return nil, errors.New("awsfedtest: HTTPClient is nil: give a client that reaches the issuers, such as that of an idptest.Issuer")
	}
	switch {
	case opts.MinDuration < 0 || opts.MinDuration > minRoleMaximum:
		return nil, fmt.Errorf("awsfedtest: MinDuration %v: want 0 to %v", opts.MinDuration, minRoleMaximum)
	case opts.MaxRate < 0 || math.IsNaN(opts.MaxRate) || math.IsInf(opts.MaxRate, 1):
		return nil, fmt.Errorf("awsfedtest: MaxRate %v: want zero or a positive number; zero means no limit", opts.MaxRate)
	}
	s := &STS{
		issuerClient: opts.HTTPClient,
		providers:    make(map[string]Provider, len(opts.Providers)),
		minimum:      minSession,
		minMaximum:   minRoleMaximum,
		context:      make(map[string][]string, len(opts.Context)),
		onCall:       opts.OnCall,
		roles:        make(map[string]Role, len(opts.Roles)),
		expired:      make(map[string]bool),
		services:     make(map[string]http.Handler),
	}
	if opts.MinDuration > 0 {
		s.minimum, s.minMaximum = opts.MinDuration, min(opts.MinDuration, minRoleMaximum)
	}
	if opts.MaxRate > 0 {
		s.limit = rate.NewLimiter(rate.Limit(opts.MaxRate), int(math.Ceil(opts.MaxRate)))
	}
	for key, values := range opts.Context {
		s.context[strings.ToLower(key)] = slices.Clone(values)
	}
	if _, err := rand.Read(s.master[:]); err != nil {
		return nil, fmt.Errorf("awsfedtest: %w", err)
	}
	for _, p := range opts.Providers {
		if err := s.addProvider(p); err != nil {
			return nil, fmt.Errorf("awsfedtest: provider %s: %w", quote.Text(p.URL, 200), err)
		}
	}
	for _, r := range opts.Roles {
		if _, ok := s.roles[r.ARN]; ok {
			return nil, fmt.Errorf("awsfedtest: role %s appears twice", quote.Text(r.ARN, 200))
		}
		if err := s.PutRole(r); err != nil {
			return nil, err
		}
	}
	s.client = s.Client(nil)
	return s, nil
}

// ExpireCredentials expires the credentials with an access key ID. Calls that they sign fail with
// ExpiredToken.
func (s *STS) ExpireCredentials(accessKeyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired[accessKeyID] = true
}

func (s *STS) isExpired(accessKeyID string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.expired[accessKeyID]
}
