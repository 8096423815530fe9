package awsfed

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go/middleware"
)

// errTooLarge is the error of a body that cannot be an answer of STS.
var errTooLarge = errors.New("the answer is larger than 1 MiB, so it is not from STS")

// An answer is an answer of STS.
type answer struct {
	credentials           *types.Credentials
	assumedRole           string // ARN; servers other than AWS may leave it out
	sourceIdentity        string
	tokenSize, policySize int32
	source                string // the Source of the credentials
	requestID             string
	skew                  time.Duration // of the clock of STS
}

// withToken sends a token once.
func (f *fetch) withToken(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput) (answer, error) {
	prepare, end := f.request()
	out, err := f.p.client.AssumeRoleWithWebIdentity(ctx, in, prepare)
	end()
	switch {
	case err != nil:
		return answer{}, withoutSecrets(err, aws.ToString(in.WebIdentityToken))
	case out == nil:
		return answer{}, errNoAnswer()
	}
	a := newAnswer(out.Credentials, out.AssumedRoleUser, out.ResultMetadata)
	a.source, a.sourceIdentity, a.tokenSize = stscreds.WebIdentityProviderName, aws.ToString(out.SourceIdentity), aws.ToInt32(out.SessionTokenSize)
	a.policySize = aws.ToInt32(out.PackedPolicySize) //nolint:staticcheck // deprecated for a field of another meaning
	return a, nil
}

// withCredentials sends a request once that is signed with the credentials of another role.
func (f *fetch) withCredentials(ctx context.Context, in *sts.AssumeRoleInput, of aws.Credentials) (answer, error) {
	of.Expires = time.Time{} // the clock of STS decides
	of.CanExpire = false
	prepare, end := f.request()
	out, err := f.p.chain.client.AssumeRole(ctx, in, prepare, func(o *sts.Options) {
		o.Credentials = credentials.StaticCredentialsProvider{Value: of}
	})
	end()
	switch {
	case err != nil:
		return answer{}, withoutSecrets(err, of.SecretAccessKey, of.SessionToken)
	case out == nil:
		return answer{}, errNoAnswer()
	}
	a := newAnswer(out.Credentials, out.AssumedRoleUser, out.ResultMetadata)
	a.source, a.sourceIdentity, a.tokenSize = stscreds.ProviderName, aws.ToString(out.SourceIdentity), aws.ToInt32(out.SessionTokenSize)
	a.policySize = aws.ToInt32(out.PackedPolicySize) //nolint:staticcheck // deprecated for a field of another meaning
	return a, nil
}

// newAnswer returns what both operations have in common.
func newAnswer(c *types.Credentials, user *types.AssumedRoleUser, m middleware.Metadata) answer {
	a := answer{credentials: c, skew: skew(m)}
	a.requestID, _ = awsmiddleware.GetRequestIDMetadata(m)
	if user != nil {
		a.assumedRole = aws.ToString(user.Arn)
	}
	return a
}

func errNoAnswer() error {
	return &answerError{reason: "the client returned neither an answer nor an error"}
}

// request returns a function that sets the options of one request, and one that must be called after
// it.
func (f *fetch) request() (prepare func(*sts.Options), end func()) {
	after := func() {}
	return func(o *sts.Options) {
		// A retryer would send the same token again, also a rejected one. If the deadline came during
		// one of its pauses, the code in the answer would be lost.
		o.Retryer = aws.NopRetryer{}
		if f.newConnection {
			after = forceNewConnection(o)
		}
		o.HTTPClient = withoutRedirects(o.HTTPClient)
		if o.HTTPClient != nil {
			o.HTTPClient = guardedClient{o.HTTPClient, f.p.opts.InsecureHTTP}
		}
	}, func() { after() }
}

// maxAnswer is how much of an answer is read, after decompression. An answer of STS has a few
// thousand bytes. The SDK has no limit.
const maxAnswer = 1 << 20

// A guardedClient is an HTTP client that refuses to send a token or a session token over http to
// another host, and limits the size of answers.
type guardedClient struct {
	sts.HTTPClient
	insecureHTTP bool // allow http to other hosts
}

// Do sends the request.
func (c guardedClient) Do(rq *http.Request) (*http.Response, error) {
	if !c.insecureHTTP {
		if err := checkURL(rq.URL); err != nil {
			return nil, err
		}
	}
	resp, err := c.HTTPClient.Do(rq)
	if err == nil {
		resp.Request = nil // has the session token, and errors of the SDK hold the response
		if resp.Body != nil {
			resp.Body = &limitedBody{resp.Body, maxAnswer}
		}
	}
	return resp, err
}

type limitedBody struct {
	io.ReadCloser
	left int
}

// Read reads up to the limit, and fails if there is more.
func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)]) // the extra byte shows that there is more
	if b.left -= n; b.left < 0 {
		return n - 1, errTooLarge
	}
	return n, err
}

// withoutRedirects returns a client that does not follow redirects. STS sends none, and following
// one would trust credentials from whatever host it names. The SDK's own client follows only
// redirects that repeat the body, which it cannot repeat.
func withoutRedirects(hc sts.HTTPClient) sts.HTTPClient {
	c, ok := hc.(*http.Client)
	if !ok || c == nil {
		return hc
	}
	clone := *c
	clone.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &clone
}

// forceNewConnection makes the next request use a new connection. The returned function must be
// called after the request.
func forceNewConnection(o *sts.Options) (after func()) {
	switch c := o.HTTPClient.(type) {
	case *awshttp.BuildableClient:
		// The SDK's own client cannot close its idle connections, so the request uses another
		// client with the same settings.
		tr := c.GetTransport()
		o.HTTPClient = &http.Client{Transport: tr, Timeout: c.GetTimeout()}
		return tr.CloseIdleConnections
	case interface{ CloseIdleConnections() }:
		c.CloseIdleConnections()
	}
	return func() {}
}

// skew returns how far the clock of STS is ahead of the local clock, by the Date header of the
// answer.
func skew(m middleware.Metadata) time.Duration {
	if d, ok := awsmiddleware.GetAttemptSkew(m); ok {
		return d
	}
	// The SDK's value is missing if its correction of signing times is switched off. Deadlines
	// still need it.
	server, ok := awsmiddleware.GetServerTime(m)
	if !ok {
		return 0
	}
	if at, ok := awsmiddleware.GetResponseAt(m); ok {
		return server.Sub(at)
	}
	return 0
}
