package trust

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
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

type requestBuilder struct {
	claims claims.Claims
	params Params
	raw    map[string]json.RawMessage // the token's members
	r      Request
}

func (b *requestBuilder) note(s string) { b.r.notes = append(b.r.notes, s) }

func (b *requestBuilder) set(key string, values ...string) {
	if len(values) > 0 {
		b.r.Context[strings.ToLower(key)] = values
	}
}

// issuerKeys sets the keys that AWS makes from claims.
func (b *requestBuilder) issuerKeys() {
	prefix := issuerHost(b.claims.Issuer) + ":"
	for _, name := range IssuerKeys(b.claims.Issuer) {
		switch name {
		case "aud":
			if b.claims.AuthorizedParty != "" {
				b.set(prefix+name, b.claims.AuthorizedParty)
			} else {
				b.set(prefix+name, b.claims.Audience...)
			}
		case "oaud":
			b.set(prefix+name, b.claims.Audience...)
		case "sub":
			if b.claims.Subject != "" {
				b.set(prefix+name, b.claims.Subject)
			}
		case "email":
			if values := texts(b.raw[name]); len(values) > 0 {
				b.set(prefix+name, values...)
			} else if b.claims.Email != "" {
				b.set(prefix+name, b.claims.Email)
			}
		default:
			b.set(prefix+name, texts(b.raw[name])...)
		}
	}
	if len(b.claims.Audience) == 0 && b.claims.AuthorizedParty == "" {
		b.r.Refused = "the token has no audience (InvalidIdentityToken)"
	}
	if len(b.claims.Audience) > 1 && b.claims.AuthorizedParty == "" {
		b.note("the token has several audiences and no azp: what STS does with such a token of this issuer is not documented")
	}
	if b.claims.Subject == "" {
		b.note("the token has no sub: AWS treats it as required, how it refuses is not documented")
	}
	if len(b.claims.Subject) > 255 {
		b.note("the subject is longer than the 255 characters of STS's answer: whether STS refuses it is not documented")
	}
}

// The claims that AWS reads for itself, whoever the issuer is.
const (
	claimRoles          = "https://aws.amazon.com/roles"
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
)

// roles reads the list of roles that the token may be used for.
func (b *requestBuilder) roles() {
	raw, ok := b.raw[claimRoles]
	if !ok {
		b.set("sts:RoleAuthorizedByIdp", "false")
		return
	}
	listed := texts(raw)
	if len(listed) == 1 {
		listed = strings.Split(listed[0], ";")
	}
	switch {
	case slices.Contains(listed, b.params.RoleARN) && b.params.RoleARN != "":
		b.set("sts:RoleAuthorizedByIdp", "true")
	case b.params.RoleARN == "":
		b.note("the token lists the roles it may be used for, and the role is not known here")
	default:
		b.set("sts:RoleAuthorizedByIdp", "false")
		b.r.Refused = "the token lists the roles it may be used for in " + claimRoles + " and this role is not one of them (InvalidIdentityToken)"
	}
}

// tags reads session tags, in the nested and in the flat form, and the source
// identity.
func (b *requestBuilder) tags() {
	tags := map[string][]string{}
	nested := members(b.raw[claimTags])
	for k, v := range members(nested["principal_tags"]) {
		tags[k] = texts(v)
	}
	transitive := texts(nested["transitive_tag_keys"])
	for member, v := range b.raw {
		if k, ok := strings.CutPrefix(member, claimTags+"/principal_tags/"); ok {
			tags[k] = texts(v)
		}
	}
	transitive = append(transitive, texts(b.raw[claimTags+"/transitive_tag_keys"])...)
	for k, v := range b.params.Tags {
		tags[k] = []string{v}
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if len(tags[k]) != 1 {
			b.note("the session tag " + quoteName(k) + " has not exactly one value, which STS does not accept")
		}
		b.set("aws:RequestTag/"+k, tags[k]...)
	}
	b.set("aws:TagKeys", slices.Sorted(maps.Keys(tags))...)
	b.set("sts:TransitiveTagKeys", transitive...)
	if len(tags) > 0 {
		b.r.AlsoNeeded = append(b.r.AlsoNeeded, actionTagSession)
	}
	if id := texts(b.raw[claimSourceIdentity]); len(id) > 0 {
		b.set("sts:SourceIdentity", id...)
		b.r.AlsoNeeded = append(b.r.AlsoNeeded, actionSetSourceIdentity)
	}
}

// call sets the keys that come from the call itself.
func (b *requestBuilder) call() {
	b.set("aws:SecureTransport", "true") // STS answers https only
	b.set("aws:ViaAWSService", "false")
	if b.params.SessionName != "" {
		b.set("sts:RoleSessionName", b.params.SessionName)
	}
	if b.params.SourceIP.IsValid() {
		b.set("aws:SourceIp", b.params.SourceIP.String())
	}
	if t := b.params.Time; !t.IsZero() {
		b.set("aws:CurrentTime", t.UTC().Format(time.RFC3339))
		b.set("aws:EpochTime", strconv.FormatInt(t.Unix(), 10))
	}
	if b.params.Region != "" {
		b.set("aws:RequestedRegion", b.params.Region)
	}
}

// members reads a JSON object; anything else has none.
func members(raw []byte) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// texts is a JSON value as the texts of a condition key: a string, a number or
// a boolean is one, an array of those several, everything else none.
func texts(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var values []string
		for _, item := range list {
			if one, ok := scalarText(item); ok {
				values = append(values, one)
			}
		}
		return values
	}
	if one, ok := scalarText(raw); ok {
		return []string{one}
	}
	return nil
}

func scalarText(raw json.RawMessage) (string, bool) {
	switch c := raw[0]; {
	case c == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case c == '-', '0' <= c && c <= '9', c == 't', c == 'f':
		return string(raw), true
	default:
		return "", false
	}
}
