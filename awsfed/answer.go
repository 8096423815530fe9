package awsfed

import (
	"fmt"
	"strings"
	"time"
	"unique"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
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
	in := &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          &p.roleARN,
		RoleSessionName:  aws.String(p.sessionName(tok)),
		WebIdentityToken: aws.String(tok.Raw()),
	}
	if p.opts.duration != 0 {
		in.DurationSeconds = aws.Int32(int32(p.opts.duration / time.Second))
	}
	if p.opts.policy != "" {
		in.Policy = &p.opts.policy
	}
	for _, policy := range p.opts.policyARNs {
		in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: aws.String(policy)})
	}
	return in
}

// session returns the credentials in an answer, or an error if they must not replace others.
func (p *Provider) session(a answer, c claims.Claims) (session, error) {
	bad := func(format string, args ...any) (session, error) {
		return session{}, &answerError{requestID: a.requestID, reason: fmt.Sprintf(format, args...)}
	}
	creds := a.out.Credentials
	if creds == nil {
		return bad("the answer has no credentials")
	}
	for _, part := range []struct {
		name  string
		value *string
	}{{"access key ID", creds.AccessKeyId}, {"secret access key", creds.SecretAccessKey}, {"session token", creds.SessionToken}} {
		if !printable(aws.ToString(part.value)) {
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
		assumedRole: p.assumedRole(a),
		requestID:   a.requestID,
		tokenSize:   aws.ToInt32(a.out.SessionTokenSize),
		policySize:  aws.ToInt32(a.out.PackedPolicySize), //nolint:staticcheck // deprecated for a field of another meaning
		identity:    p.identity(a, c),
	}
	s.ignoreBadDate()
	expires := creds.Expiration.UTC().Format(time.RFC3339)
	longest := max(longestSession, p.opts.duration) + time.Minute
	switch life := creds.Expiration.Sub(s.at.Add(s.skew)); {
	case !s.localExpiry().After(s.at):
		return session{}, &answerError{requestID: a.requestID, expired: true, reason: "the credentials in the answer expired at " + expires}
	case life > longest:
		return bad("the credentials in the answer expire at %s, more than %v from now", expires, longest)
	}
	account, err := p.assumedAccount(a)
	if err != nil {
		return session{}, err
	}
	s.served = aws.Credentials{
		AccessKeyID: *creds.AccessKeyId, SecretAccessKey: *creds.SecretAccessKey, SessionToken: *creds.SessionToken,
		Source: stscreds.WebIdentityProviderName, CanExpire: true, AccountID: account,
	}
	return s, nil
}

// assumedAccount returns the account of the role in an answer, or an error if it is another role
// than the requested one. Servers other than AWS may leave out the ARN.
func (p *Provider) assumedAccount(a answer) (string, error) {
	got := p.assumedRole(a)
	account := accountOf(got)
	if want := p.opts.expectedAccount; want != "" && account != want {
		return "", &AccountError{Got: account, Want: want}
	}
	if got == "" {
		return "", nil
	}
	role, _ := arn.Parse(p.roleARN)
	_, name, _ := role.Role()
	user, _ := arn.Parse(got)
	rest, ok := strings.CutPrefix(user.Resource, "assumed-role/"+name+"/")
	if !ok || rest == "" || user.Service != "sts" || user.Account != role.Account {
		return "", &answerError{requestID: a.requestID, reason: fmt.Sprintf("the answer is for %s, not for the requested role", quote.Text(got, 100))}
	}
	return account, nil
}

func (p *Provider) assumedRole(a answer) string {
	if a.out.AssumedRoleUser == nil {
		return ""
	}
	return aws.ToString(a.out.AssumedRoleUser.Arn)
}

// identity returns what [Status] says about the token of an answer.
func (p *Provider) identity(a answer, c claims.Claims) unique.Handle[identity] {
	provider, _ := trust.ProviderARN(partitionOf(p.roleARN), accountOf(p.roleARN), c.Issuer) // "" if the issuer has no provider ARN
	return unique.Make(identity{
		issuer:         c.Issuer,
		audience:       audienceOf(c),
		subject:        claims.RedactSubject(c.Subject),
		provider:       provider,
		sourceIdentity: aws.ToString(a.out.SourceIdentity),
	})
}

// printable reports whether s is not empty and consists of printable ASCII characters without the
// space, so that it can be sent in a header.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
