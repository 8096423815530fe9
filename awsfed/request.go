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
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
)

// errTooLarge is the failure of a body that is no answer of STS's.
var errTooLarge = errors.New("the answer is larger than 1 MiB: something that is not STS answers")

// A request is the client of one request. It is between stscreds and the real
// client to do what neither does: send once, and keep what the answer says
// beside the credentials.
type request struct {
	client stscreds.AssumeRoleWithWebIdentityAPIClient
	fresh  bool // over a new connection

	id   string // id of the request, if the answer had one
	arn  string // of the assumed role
	skew time.Duration
}

// AssumeRoleWithWebIdentity sends the request.
func (r *request) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	var after func()
	// The order counts: stscreds has put its own retryer among optFns. It
	// would send the same token three times, also a refused one, and when our
	// deadline falls into its pauses the answer's code is lost.
	optFns = append(optFns[:len(optFns):len(optFns)], func(o *sts.Options) {
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = staying(o.HTTPClient)
		if r.fresh {
			after = renew(o)
		}
		if o.HTTPClient != nil {
			o.HTTPClient = bounded{o.HTTPClient}
		}
	})
	out, err := r.client.AssumeRoleWithWebIdentity(ctx, in, optFns...)
	if after != nil {
		after()
	}
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, &answerError{reason: "the client returned neither an answer nor an error"}
	}
	r.id, _ = awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
	r.skew = skew(out.ResultMetadata)
	if out.AssumedRoleUser != nil {
		r.arn = aws.ToString(out.AssumedRoleUser.Arn)
	}
	return out, nil
}

// maxAnswer is how much of an answer is read, decompressed. STS's have a few
// thousand bytes. The SDK reads all that comes, however it grows by decompression.
const maxAnswer = 1 << 20

// bounded is an HTTP client whose answers have an end.
type bounded struct{ sts.HTTPClient }

// Do sends the request.
func (b bounded) Do(rq *http.Request) (*http.Response, error) {
	resp, err := b.HTTPClient.Do(rq)
	if err == nil && resp.Body != nil {
		resp.Body = &boundedBody{resp.Body, maxAnswer}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read reads what is allowed, and fails where more comes.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)]) // one more tells "too large" from "just fits"
	if b.left -= n; b.left < 0 {
		return n - 1, errTooLarge
	}
	return n, err
}

// staying returns the HTTP client without its following of redirects. STS sends
// none, and who follows one takes credentials from whom it names. The SDK's own
// client follows those only that repeat the body, which it cannot repeat.
func staying(hc sts.HTTPClient) sts.HTTPClient {
	c, ok := hc.(*http.Client)
	if !ok || c == nil {
		return hc
	}
	same := *c
	same.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &same
}

// renew makes the next request use a new connection. What it returns, if
// anything, is to be called after it.
func renew(o *sts.Options) (after func()) {
	switch c := o.HTTPClient.(type) {
	case *awshttp.BuildableClient:
		// The SDK's own client does not let go of its connections, so the
		// request goes around it, with its settings.
		tr := c.GetTransport()
		o.HTTPClient = &http.Client{
			Transport:     tr,
			Timeout:       c.GetTimeout(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		return tr.CloseIdleConnections
	case interface{ CloseIdleConnections() }:
		c.CloseIdleConnections()
	}
	return nil
}

// skew returns how far STS's clock is ahead of ours by the answer's Date.
func skew(m middleware.Metadata) time.Duration {
	if d, ok := awsmiddleware.GetAttemptSkew(m); ok {
		return d
	}
	// It is missing when the correction of signing times is switched off,
	// which says nothing about deadlines.
	server, ok := awsmiddleware.GetServerTime(m)
	if !ok {
		return 0
	}
	if at, ok := awsmiddleware.GetResponseAt(m); ok {
		return server.Sub(at)
	}
	return 0
}
