package trust

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// NewRequest returns the request that STS evaluates for a token with the claims c: the provider of
// the issuer in the account of the role, and the condition keys that AWS has for this issuer. If the
// token has an azp, AWS uses it as aud, and the key oaud holds the audience. Claims that AWS does not
// map (for Ona all except sub, aud, amr and email) are not keys. NewRequest also reads the session
// tags, the source identity and the list of roles that AWS reads from a token.
//
// A bad account, partition or role in p is not an error. The provider is then not known, and the
// explanation of the decision names the value.
//
// Unlike the Claims, the Request is a plain struct: package fmt and JSON show the values of its
// Context as they are, also personal data such as an e-mail address. A [Decision] and an
// [Explanation] do not show them.
//
// NewRequest does not check the signature and times of the token, nor that its audience is one of
// the provider's client IDs.
func NewRequest(c claims.Claims, p Params) Request {
	b := requestBuilder{
		claims: c,
		params: p,
		raw:    members(c.Payload()),
		r: Request{
			Action: condition.AssumeRoleWithWebIdentity, Issuer: c.Issuer, RoleARN: p.RoleARN,
			Context: map[string][]string{}, ShowValues: p.ShowValues, open: true,
		},
	}
	b.addProvider()
	b.addClaims()
	b.addRoles()
	b.addTags()
	b.r.addParams(p)
	return b.r
}

type requestBuilder struct {
	claims claims.Claims
	params Params
	raw    map[string]json.RawMessage // the claims of the token as JSON
	r      Request
}

func (b *requestBuilder) note(s string) { b.r.notes = append(b.r.notes, s) }

// addProvider sets the federated principal of the issuer, or the reason why it is not known.
func (b *requestBuilder) addProvider() {
	role, isARN := arn.Parse(b.params.RoleARN)
	if b.params.RoleARN != "" && !isARN {
		b.r.noProvider = "the role " + quote.Name(b.params.RoleARN) + " is not an ARN (arn:aws:iam::<account>:role/<name>), so its account and partition are not known"
		b.note(b.r.noProvider)
	}
	host := provider.IssuerHost(b.claims.Issuer)
	if provider.BuiltIn(host) {
		b.r.ProviderARN = host
		return
	}
	partition, account := cmp.Or(b.params.Partition, role.Partition, "aws"), cmp.Or(b.params.Account, role.Account)
	field, reason := checkProvider(partition, account, b.claims.Issuer)
	switch {
	case field == "":
		b.r.ProviderARN = providerARN(partition, account, b.claims.Issuer)
	case field != "Account" || account != "": // without an account it is only not known
		b.r.noProvider = field + ": " + reason
		b.note("the identity provider is not known: " + b.r.noProvider)
	}
}

// addClaims sets the keys that AWS makes from claims.
func (b *requestBuilder) addClaims() {
	host := provider.IssuerHost(b.claims.Issuer)
	for _, name := range provider.Keys(host) {
		values := texts(b.raw[name])
		switch {
		case name == "aud" && b.claims.AuthorizedParty != "":
			values = []string{b.claims.AuthorizedParty}
		case name == "aud", name == "oaud":
			values = b.claims.Audience
		case name == "sub" && b.claims.Subject != "":
			values = []string{b.claims.Subject}
		case name == "sub":
			values = nil
		case name == "email" && len(values) == 0 && b.claims.Email != "":
			values = []string{b.claims.Email}
		}
		b.r.set(host+":"+name, values...)
	}
	if len(b.claims.Audience) == 0 && b.claims.AuthorizedParty == "" {
		b.r.Refused = "the token has no audience (InvalidIdentityToken)"
	}
	if len(b.claims.Audience) > 1 && b.claims.AuthorizedParty == "" {
		b.note("the token has several audiences and no azp: AWS does not document what STS does with such a token of this issuer")
	}
	if b.claims.Subject == "" {
		b.note("the token has no sub: AWS requires it and does not document the error")
	}
	if len(b.claims.Subject) > 255 {
		b.note("the subject is longer than the 255 characters of the STS response: AWS does not document whether STS rejects it")
	}
}

// The claims that AWS reads from the tokens of every issuer.
const (
	claimRoles          = "https://aws.amazon.com/roles"
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
)

// addRoles reads the list of roles for which the token may be used.
func (b *requestBuilder) addRoles() {
	raw, ok := b.raw[claimRoles]
	listed := texts(raw)
	if len(listed) == 1 {
		listed = strings.Split(listed[0], ";")
	}
	switch {
	case !ok:
		b.r.set("sts:RoleAuthorizedByIdp", "false")
	case b.params.RoleARN == "":
		b.note("the token lists the roles for which it may be used, and the role is not known here")
	case slices.Contains(listed, b.params.RoleARN):
		b.r.set("sts:RoleAuthorizedByIdp", "true")
	default:
		b.r.set("sts:RoleAuthorizedByIdp", "false")
		b.r.Refused = "the token lists the roles for which it may be used in " + claimRoles + ", and this role is not one of them (InvalidIdentityToken)"
	}
}

// addTags reads session tags, in the nested and in the flat form, and the source identity.
func (b *requestBuilder) addTags() {
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
	keys := slices.Sorted(maps.Keys(tags))
	for _, k := range keys {
		if len(tags[k]) != 1 {
			b.note("the session tag " + quote.Name(k) + " does not have exactly one value, which STS rejects")
		}
		b.r.set("aws:RequestTag/"+k, tags[k]...)
	}
	b.r.set("aws:TagKeys", keys...)
	b.r.set("sts:TransitiveTagKeys", transitive...)
	if len(tags) > 0 {
		b.r.AlsoNeeded = append(b.r.AlsoNeeded, condition.TagSession)
	}
	if id := texts(b.raw[claimSourceIdentity]); len(id) > 0 {
		b.r.set("sts:SourceIdentity", id...)
		b.r.AlsoNeeded = append(b.r.AlsoNeeded, condition.SetSourceIdentity)
	}
}

// members returns the members of a JSON object, or nil for anything else.
func members(raw []byte) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// texts returns a JSON value as the values of a condition key: one for a string, a number or a
// boolean, several for an array of those, and none for anything else.
func texts(raw json.RawMessage) []string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // keeps the text of numbers
	var value any
	_ = d.Decode(&value) // a claim that is absent stays nil
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var values []string
	for _, item := range list {
		switch item.(type) {
		case string, json.Number, bool:
			values = append(values, fmt.Sprint(item))
		}
	}
	return values
}
