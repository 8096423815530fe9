package trust

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/condition"
)

// Request holds what AWS STS knows when it evaluates a trust policy. Make one from a token with
// [NewRequest], or fill in the fields. In a Request that you fill in, a condition key that Context
// does not have is missing from the request.
type Request struct {
	// Action is the call. Empty means sts:AssumeRoleWithWebIdentity.
	Action string
	// AlsoNeeded holds the other actions that must be allowed: sts:TagSession for a token with
	// session tags, sts:SetSourceIdentity for one with a source identity.
	AlsoNeeded []string
	// Issuer is the issuer of the token, for example https://app.gitpod.io.
	Issuer string
	// ProviderARN is the identity provider in the account of the role. If it is empty, the account
	// is not known, so a statement that names a provider of the issuer in any account may apply.
	ProviderARN string
	// RoleARN is the requested role. It may be empty.
	RoleARN string
	// Context holds the condition keys, in lower case, and their values, which may be personal
	// data. A key without a value is missing from the request.
	Context map[string][]string
	// Refused is the reason why STS rejects the token before it evaluates the policy. Empty means
	// that STS evaluates the policy.
	Refused string
	// ShowValues makes explanations show all values of the request, including personal data.
	ShowValues bool

	open   bool     // keys that only AWS knows are unknown, not missing
	caller *caller  // of AssumeRole; nil for a web identity
	notes  []string // what NewRequest could not know

	noProvider string // why NewRequest has no ProviderARN; empty if the account is only not given
}

// Params are the parts of an AssumeRoleWithWebIdentity call that are not in the token. The zero
// Params is usable. An empty field means that the value is not known. If the policy depends on it,
// the outcome is [Undetermined].
type Params struct {
	// RoleARN is the requested role.
	RoleARN string
	// Account is the account of the role and of the identity provider. Empty means the account of
	// RoleARN.
	Account string
	// Partition is the AWS partition, for example "aws-cn". Empty means the partition of RoleARN,
	// or "aws" without one.
	Partition string
	// SessionName is the role session name of the call.
	SessionName string
	// Tags are session tags in addition to those of the token.
	Tags map[string]string
	// SourceIP is the address of the caller as AWS sees it.
	SourceIP netip.Addr
	// Time is the time of the call. Zero means not known.
	Time time.Time
	// Region is the region of the STS endpoint, for aws:RequestedRegion.
	Region string
	// Context holds more condition keys. They replace the keys from other fields. A key with an
	// empty list of values is missing from the request.
	Context map[string][]string
	// ShowValues makes explanations show all values of the request, including personal data.
	ShowValues bool
}

// actions returns the actions that the request needs, with the call first.
func (r Request) actions() []string {
	list := []string{condition.AssumeRoleWithWebIdentity}
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

// set sets the values of a condition key, unless there are none.
func (r *Request) set(key string, values ...string) {
	if len(values) > 0 {
		r.Context[strings.ToLower(key)] = values
	}
}

// setText sets the value of a condition key, unless it is empty.
func (r *Request) setText(key, value string) {
	if value != "" {
		r.set(key, value)
	}
}

// addParams sets the keys that come from the call, and at last those of Context.
func (r *Request) addParams(p Params) {
	r.set("aws:SecureTransport", "true") // STS accepts only https
	r.set("aws:ViaAWSService", "false")
	r.setText("sts:RoleSessionName", p.SessionName)
	if p.SourceIP.IsValid() {
		r.set("aws:SourceIp", p.SourceIP.String())
	}
	if !p.Time.IsZero() {
		r.set("aws:CurrentTime", p.Time.UTC().Format(time.RFC3339))
		r.set("aws:EpochTime", strconv.FormatInt(p.Time.Unix(), 10))
	}
	r.setText("aws:RequestedRegion", p.Region)
	for k, v := range p.Context {
		r.Context[strings.ToLower(k)] = slices.Clone(v)
	}
}

// lookup returns the values of a condition key. It ignores letter case.
func (r Request) lookup(key string) ([]string, condition.KeyState) {
	name := strings.ToLower(key)
	values, ok := r.Context[name]
	if !ok {
		for k, v := range r.Context {
			if strings.EqualFold(k, key) {
				values, ok = v, true
			}
		}
	}
	switch {
	case len(values) > 0:
		return values, condition.KeyPresent
	case !ok && r.open && r.mayHaveKey(name):
		return nil, condition.KeyUnknown
	default:
		return nil, condition.KeyMissing
	}
}

// mayHaveKey reports whether AWS may add a key, in lower case, to the request although neither the
// token nor the known parameters of the call have it: the network path, the clock, the region, the
// tags of the role, and keys that AWS adds in the future.
func (r Request) mayHaveKey(key string) bool {
	switch {
	case r.caller != nil:
		return r.caller.mayHaveKey(key)
	case strings.HasPrefix(key, "aws:requesttag/"), strings.HasPrefix(key, "aws:principaltag/"):
		return false // from the token; a web identity has no principal with tags
	case strings.HasPrefix(key, "sts:requestcontext"):
		return false // only in other calls
	case strings.HasPrefix(key, "aws:"), strings.HasPrefix(key, "sts:"), strings.HasPrefix(key, "iam:resourcetag/"):
	default:
		return false
	}
	switch key {
	case "aws:tagkeys", "sts:sourceidentity", "sts:transitivetagkeys":
		return false // from the token
	case "sts:externalid", "sts:durationseconds", "sts:awsservicename":
		return false // only in other calls
	case "aws:principalorgid", "aws:principalorgpaths", "aws:username", "aws:multifactorauthpresent",
		"aws:multifactorauthage", "aws:tokenissuetime", "aws:federatedprovider", "aws:sourceidentity":
		return false // the caller is not an AWS principal yet
	case "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths":
		return false // only in calls of AWS services
	default:
		return true
	}
}
