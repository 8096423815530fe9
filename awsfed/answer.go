package awsfed

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/refresh"
)

// An answerError is the error of a successful answer that cannot be used.
type answerError struct {
	requestID, reason string
	expired           bool // by the clock of this machine, which may be wrong
}

func (e *answerError) Error() string { return e.reason }

// input returns the parameters of a request.
func (p *Provider) input(tok *idp.Token) *sts.AssumeRoleWithWebIdentityInput {
	return &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          &p.roleARN,
		RoleSessionName:  aws.String(p.sessionName(tok)),
		WebIdentityToken: aws.String(tok.Raw()),
		DurationSeconds:  optional(int32(p.opts.Duration / time.Second)),
		Policy:           optional(p.opts.Policy),
		PolicyArns:       descriptors(p.opts.PolicyARNs),
	}
}

// input returns the parameters of a request for a role of a chain.
func (c *chain) input(i int, previous *session) *sts.AssumeRoleInput {
	r := &c.roles[i]
	in := &sts.AssumeRoleInput{
		RoleArn:           &r.RoleARN,
		RoleSessionName:   aws.String(c.sessionName(i, previous)),
		ExternalId:        optional(r.ExternalID),
		SourceIdentity:    optional(r.SourceIdentity),
		DurationSeconds:   optional(int32(r.Duration / time.Second)),
		Policy:            optional(r.Policy),
		PolicyArns:        descriptors(r.PolicyARNs),
		TransitiveTagKeys: r.TransitiveTagKeys,
	}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(r.Tags[key])})
	}
	return in
}

// optional returns a pointer to v, nil for the zero value, which is not sent.
func optional[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func descriptors(policyARNs []string) (out []types.PolicyDescriptorType) {
	for i := range policyARNs {
		out = append(out, types.PolicyDescriptorType{Arn: &policyARNs[i]})
	}
	return out
}

// sessionName returns the name of a session of a chain.
func (c *chain) sessionName(i int, previous *session) string {
	return cmp.Or(c.roles[i].SessionName, previous.identity.Value().sessionName)
}

// requested is what a request asked for, which its answer must match.
type requested struct {
	roleARN  string
	account  string        // expected; empty for any
	duration time.Duration // zero for the default
}

// requested returns what the provider requests with a token.
func (p *Provider) requested() requested {
	return requested{p.roleARN, p.opts.ExpectedAccount, p.opts.Duration}
}

// requestedNext returns what the provider requests for the role of a chain with that index. The
// expected account is that of the last role.
func (p *Provider) requestedNext(i int) requested {
	r := &p.chain.roles[i]
	want := requested{roleARN: r.RoleARN, duration: r.Duration}
	if i == len(p.chain.roles)-1 {
		want.account = p.opts.ExpectedAccount
	}
	return want
}

// session returns the credentials in an answer, or an error if they must not replace others.
func (a *answer) session(want requested, id unique.Handle[identity]) (session, error) {
	bad := func(format string, args ...any) (session, error) {
		return session{}, &answerError{requestID: a.requestID, reason: fmt.Sprintf(format, args...)}
	}
	creds := a.credentials
	if creds == nil {
		return bad("the answer has no credentials")
	}
	for _, part := range []struct {
		name  string
		value *string
	}{{"access key ID", creds.AccessKeyId}, {"secret access key", creds.SecretAccessKey}, {"session token", creds.SessionToken}} {
		if value := aws.ToString(part.value); value == "" || !isPrintable(value) {
			return bad("the %s in the answer is empty or has characters that are not printable", part.name)
		}
	}
	if creds.Expiration == nil || creds.Expiration.IsZero() {
		return bad("the answer does not say when the credentials expire")
	}
	s := session{
		at:          time.Now(),
		expires:     refresh.UnixNano(*creds.Expiration),
		skew:        a.skew,
		assumedRole: a.assumedRole,
		requestID:   a.requestID,
		tokenSize:   a.tokenSize,
		policySize:  a.policySize,
		identity:    id,
	}
	s.ignoreBadDate()
	expires := creds.Expiration.UTC().Format(time.RFC3339)
	longest := max(longestSession, want.duration) + time.Minute
	switch life := creds.Expiration.Sub(s.at.Add(s.skew)); {
	case !s.localExpiry().After(s.at):
		return session{}, &answerError{requestID: a.requestID, expired: true, reason: "the credentials in the answer expired at " + expires}
	case life > longest:
		return bad("the credentials in the answer expire at %s, more than %v from now", expires, longest)
	}
	account, err := a.account(want)
	if err != nil {
		return session{}, err
	}
	s.served = aws.Credentials{
		AccessKeyID: *creds.AccessKeyId, SecretAccessKey: *creds.SecretAccessKey, SessionToken: *creds.SessionToken,
		Source: a.source, CanExpire: true, AccountID: account,
	}
	return s, nil
}

// account returns the account of the role in an answer, or an error if it is another role than the
// requested one. Servers other than AWS may leave out the ARN.
func (a *answer) account(want requested) (string, error) {
	got := a.assumedRole
	account := accountOf(got)
	if want.account != "" && account != want.account {
		return "", &AccountError{Got: account, Want: want.account}
	}
	if got == "" {
		return "", nil
	}
	role, _ := arn.Parse(want.roleARN)
	_, name, _ := role.Role()
	user, _ := arn.Parse(got)
	rest, ok := strings.CutPrefix(user.Resource, "assumed-role/"+name+"/")
	if !ok || rest == "" || user.Service != "sts" || user.Account != role.Account {
		return "", &answerError{requestID: a.requestID, reason: fmt.Sprintf("the answer is for %s, not for the requested role", quote.Text(got, 100))}
	}
	return account, nil
}

// identity returns what [Status] says about the token of an answer.
func (p *Provider) identity(tok *idp.Token, a answer) unique.Handle[identity] {
	c := tok.Claims()
	provider, _ := trust.ProviderARN(partitionOf(p.roleARN), accountOf(p.roleARN), c.Issuer) // "" if the issuer has no provider ARN
	return unique.Make(identity{
		issuer:         c.Issuer,
		audience:       audienceOf(c),
		subject:        claims.RedactSubject(c.Subject),
		provider:       provider,
		sessionName:    p.sessionName(tok),
		sourceIdentity: a.sourceIdentity,
	})
}
