package awsfedtest

import (
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

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/fakehttp"
	"github.com/onafed/onafed/internal/quote"
)

// AWS's limits on the length of a session.
const (
	minSession     = 900 * time.Second
	defaultSession = time.Hour
	maxSession     = 12 * time.Hour
	maxChained     = time.Hour
)

// STSOptions say what the accounts behind an [STS] look like.
type STSOptions struct {
	// HTTPClient reaches the issuers of Providers: their discovery documents and key sets. With Providers it must be set, so that
	// no test double asks the real app.gitpod.io by accident. The Client of an idptest.Issuer fits.
	HTTPClient *http.Client
	// Providers are the OIDC identity providers registered in IAM.
	Providers []Provider
	// Roles are the roles that exist. [STS.PutRole] and [STS.DeleteRole] change them later.
	Roles []Role
	// MinDuration lowers the shortest session from AWS's 900 seconds, so that a test can watch credentials expire. Zero means 900 s.
	MinDuration time.Duration
	// MaxRate is how many calls a second are answered, with a burst of one second's worth; more are throttled. Zero means all.
	MaxRate float64
	// Context holds condition keys that only AWS knows in reality, such as "aws:SourceIp": {"192.0.2.1"}, for trust policies that
	// ask for them. A policy that depends on a key which is not given lets nobody in.
	Context map[string][]string
	// OnCall, if set, is called at the end of each call, in the goroutine that makes it, with what [STS.Calls] will have.
	OnCall func(Call)
}

// Provider is an OIDC identity provider as registered in IAM.
type Provider struct {
	// URL is the issuer. It must equal a token's iss byte for byte. As at AWS it is https without a port; an issuer on loopback is
	// reached by an HTTPClient that dials it for that host.
	URL string
	// ClientIDs are the audiences let in, 1 to 100 of up to 255 characters.
	ClientIDs []string
	// Account is the 12-digit number of the account in which the provider is registered: only roles of that account can use it.
	Account string
}

// Role is an IAM role.
type Role struct {
	// ARN of the role, for example "arn:aws:iam::123456789012:role/deploy". It may have a path.
	ARN string
	// TrustPolicy says who may assume the role. The zero policy lets nobody in.
	TrustPolicy trust.Policy
	// MaxSessionDuration is the longest session, up to 12 hours. Zero means AWS's default of one hour. Less than an hour (which
	// AWS does not offer) is then also what a caller gets who asks for no duration.
	MaxSessionDuration time.Duration
}

// STS stands in for the AWS Security Token Service. Make one with [NewSTS].
//
// It is used in three ways, all at once if need be: as the client that awsfed.New takes (in memory, also in a testing/synctest
// bubble), as an [http.Handler] on loopback (see [Start]), and by any AWS client in memory through [STS.HTTPClient]. All of them see
// the same roles, faults and call log. An STS is safe for concurrent use, starts no goroutine and needs no Close.
type STS struct {
	client    *sts.Client
	idps      *http.Client
	providers map[string]Provider // by providerID; never written after NewSTS
	minimum   time.Duration
	context   map[string][]string // never written after NewSTS
	limit     *rate.Limiter       // nil: none
	onCall    func(Call)
	master    [32]byte      // secret keys and the seals of session tokens are derived from it
	issued    atomic.Uint64 // access keys given out
	log       callLog
	faults    fakehttp.Faults[Fault]
	outage    atomic.Bool
	clockSkew atomic.Int64 // nanoseconds ahead of time.Now

	mu      sync.RWMutex    // guards what follows
	roles   map[string]Role // by ARN
	expired map[string]bool // access keys that ExpireCredentials named
}

// NewSTS returns an STS. It starts nothing and contacts nobody. Nil options mean no providers and no roles: every call is refused.
func NewSTS(opts *STSOptions) (*STS, error) {
	if opts == nil {
		opts = &STSOptions{}
	}
	if len(opts.Providers) > 0 && opts.HTTPClient == nil {
		return nil, errors.New("awsfedtest: HTTPClient is nil: name the client that reaches the issuers, as idptest.Issuer.Client")
	}
	if opts.MinDuration < 0 || opts.MaxRate < 0 {
		return nil, errors.New("awsfedtest: MinDuration or MaxRate is negative")
	}
	s := &STS{
		idps:      opts.HTTPClient,
		providers: make(map[string]Provider, len(opts.Providers)),
		minimum:   minSession,
		context:   make(map[string][]string, len(opts.Context)),
		onCall:    opts.OnCall,
		roles:     make(map[string]Role, len(opts.Roles)),
		expired:   make(map[string]bool),
	}
	if opts.MinDuration > 0 {
		s.minimum = opts.MinDuration
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
		if err := s.PutRole(r); err != nil {
			return nil, err
		}
	}
	s.client = s.Client(nil)
	return s, nil
}

func (s *STS) addProvider(p Provider) error {
	if !isAccount(p.Account) {
		return fmt.Errorf("account %s is not 12 digits", quote.Text(p.Account, 20))
	}
	if n := len(p.ClientIDs); n < 1 || n > 100 {
		return fmt.Errorf("%d client ids, IAM takes 1 to 100", n)
	}
	if slices.ContainsFunc(p.ClientIDs, func(id string) bool { return id == "" || len(id) > 255 }) {
		return errors.New("a client id does not have 1 to 255 characters")
	}
	if _, err := trust.ProviderARN("aws", p.Account, p.URL); err != nil {
		return err
	}
	id := providerID(p.Account, p.URL)
	if _, twice := s.providers[id]; twice {
		return errors.New("registered twice in account " + p.Account)
	}
	p.ClientIDs = slices.Clone(p.ClientIDs)
	s.providers[id] = p
	return nil
}

// providerID is what IAM keeps a provider under: one URL may be registered in many accounts.
func providerID(account, url string) string { return account + " " + url }

// PutRole adds a role, or replaces the one with the same ARN: the next call sees the new trust policy. Sessions that exist live on.
func (s *STS) PutRole(r Role) error {
	if _, err := parseRoleARN(r.ARN); err != nil {
		return fmt.Errorf("awsfedtest: role %s: %w", quote.Text(r.ARN, 200), err)
	}
	if r.MaxSessionDuration == 0 {
		r.MaxSessionDuration = defaultSession
	}
	if r.MaxSessionDuration < s.minimum || r.MaxSessionDuration > maxSession {
		return fmt.Errorf("awsfedtest: role %s: MaxSessionDuration %v is not between %v and %v", quote.Text(r.ARN, 200), r.MaxSessionDuration, s.minimum, maxSession)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[r.ARN] = r
	return nil
}

// DeleteRole removes a role. To assume it is refused from now on as if it had never been. Sessions that exist live on.
func (s *STS) DeleteRole(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.roles, arn)
}

func (s *STS) role(arn string) (Role, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.roles[arn]
	return r, ok
}

// ExpireCredentials makes the credentials with this access key id expire now, however long they had: signed calls are answered with
// ExpiredToken. With it a test sees what a program does when a key dies before its time.
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

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}
