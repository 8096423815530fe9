package trust

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
)

// Request is what AWS STS knows when it decides on a trust policy. Make one
// from a token with [NewRequest], or fill in the fields; then every condition
// key that Context does not have is missing.
type Request struct {
	// Action is the call. Empty means sts:AssumeRoleWithWebIdentity.
	Action string
	// AlsoNeeded are actions that have to be allowed as well:
	// sts:TagSession for a token with session tags, sts:SetSourceIdentity for
	// one with a source identity.
	AlsoNeeded []string
	// Issuer is the token's issuer, for example https://app.gitpod.io.
	Issuer string
	// ProviderARN is the identity provider in the role's account. Empty means
	// not known: then a statement that names the issuer's provider in any
	// account may apply.
	ProviderARN string
	// RoleARN is the role that is asked for. It may be empty.
	RoleARN string
	// Context holds the condition keys, in lower case, and their values. A key
	// without a value is missing from the request.
	Context map[string][]string
	// Refused says why STS refuses the token before it looks at the policy.
	// Empty means that it does not.
	Refused string
	// ShowValues lets a [Decision] show the request's values as they are,
	// personal data included.
	ShowValues bool

	open  bool     // keys that only AWS sees are unknown, not missing
	notes []string // what NewRequest could not know
}

// actions are the actions that the request needs, the call itself first.
func (r Request) actions() []string {
	list := []string{actionAssume}
	if r.Action != "" {
		list[0] = r.Action
	}
	for _, a := range r.AlsoNeeded {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// Params are the parts of an AssumeRoleWithWebIdentity call that are not in
// the token. The zero Params is usable: what is not given and matters makes
// the outcome [Undetermined].
type Params struct {
	// RoleARN is the role that is asked for.
	RoleARN string
	// Account is the account of the role and so of the identity provider.
	// Empty means the one of RoleARN.
	Account string
	// Partition is the AWS partition, such as "aws-cn". Empty means the one
	// of RoleARN, and "aws" if there is none either.
	Partition string
	// SessionName is the role session name that the caller chose.
	SessionName string
	// Tags are session tags as if the token carried them, besides its own.
	Tags map[string]string
	// SourceIP is the caller's address as AWS sees it.
	SourceIP netip.Addr
	// Time is when the call is made. Zero means not known.
	Time time.Time
	// Region is the region of the STS endpoint, for aws:RequestedRegion.
	Region string
	// Context holds further condition keys. They come before everything else;
	// a key without a value is known to be missing.
	Context map[string][]string
	// ShowValues lets a [Decision] show the request's values as they are,
	// personal data included.
	ShowValues bool
}

// NewRequest makes the request that STS would evaluate for a token with the
// claims c: the issuer's provider in the role's account, and the condition
// keys that AWS has for this issuer. azp takes the place of aud, which is then
// still there as oaud; claims that AWS does not map (for Ona everything but
// sub, aud, amr and email) are no keys. Session tags, the source identity and
// the list of roles that AWS reads from a token are understood.
//
// NewRequest does not check the token's signature, times or audience against
// the provider's client ids.
func NewRequest(c claims.Claims, p Params) Request {
	arn := splitARN(p.RoleARN)
	b := requestBuilder{
		claims: c,
		params: p,
		raw:    members(c.Payload()),
		r: Request{
			Action: actionAssume, Issuer: c.Issuer, RoleARN: p.RoleARN,
			Context: map[string][]string{}, ShowValues: p.ShowValues, open: true,
		},
	}
	account, partition := cmp.Or(p.Account, arn.account), cmp.Or(p.Partition, arn.partition, "aws")
	b.r.ProviderARN = providerFor(partition, account, c.Issuer)
	b.issuerKeys()
	b.roles()
	b.tags()
	b.call()
	for k, v := range p.Context {
		b.r.Context[strings.ToLower(k)] = slices.Clone(v)
	}
	return b.r
}
