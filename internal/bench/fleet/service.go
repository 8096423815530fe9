package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A service is an STS without a limit that is down for a while.
type service struct {
	begin, from, to time.Time
	down            error
	issued          atomic.Int64
	seconds         []atomic.Int32 // requests in each second since begin

	once  sync.Once // guards again
	again bool      // whether the SDK's retryer retries after errDown
}

// A client replaces the SDK's client of one process: it sends as often, and with such pauses, as the
// retryer among its options decides. The real client does the same a hundred times more slowly; smaller
// rows of the table use it.
type client struct {
	service *service
	retryer aws.Retryer // the SDK's standard one, of this process
}

// AssumeRoleWithWebIdentity sends one request with its retries.
func (c *client) AssumeRoleWithWebIdentity(ctx context.Context, _ *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	if c.retryer == nil {
		c.retryer = retry.NewStandard()
	}
	o := sts.Options{Retryer: c.retryer}
	for _, fn := range optFns {
		fn(&o)
	}
	r := o.Retryer
	release := func(error) error { return nil }
	for attempt := 1; ; attempt++ {
		out, err := c.service.answer(ctx)
		_ = release(err)
		if err == nil || attempt >= r.MaxAttempts() || !c.service.retryable(r, err) {
			return out, err
		}
		next, tokenErr := r.GetRetryToken(ctx, err)
		if tokenErr != nil {
			return nil, errors.Join(err, tokenErr)
		}
		release = next
		pause, delayErr := r.RetryDelay(attempt, err)
		if delayErr != nil {
			return nil, delayErr
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, &aws.RequestCanceledError{Err: ctx.Err()}
		}
	}
}

// retryable calls the retryer once. There is only one error, and the SDK examines its whole text for
// each call.
func (s *service) retryable(r aws.Retryer, err error) bool {
	s.once.Do(func() { s.again = r.IsErrorRetryable(err) })
	return s.again
}

// errDown returns the error of the SDK for a 503.
func errDown() error {
	return &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRoleWithWebIdentity", Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}}},
		Err:      &smithy.GenericAPIError{Code: "ServiceUnavailable", Message: "down"},
	}}
}

func (s *service) answer(ctx context.Context) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	arrived := time.Now()
	if i := int(arrived.Sub(s.begin) / time.Second); i < len(s.seconds) {
		s.seconds[i].Add(1)
	}
	t := time.NewTimer(latency)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !arrived.Before(s.from) && arrived.Before(s.to) {
		return nil, s.down
	}
	n := s.issued.Add(1)
	return &sts.AssumeRoleWithWebIdentityOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: aws.String("arn:aws:sts::123456789012:assumed-role/deploy/fleet")},
		Credentials: &types.Credentials{
			AccessKeyId: aws.String(keyWithExpiry(n, arrived.Add(life))), SecretAccessKey: aws.String("secret"), SessionToken: aws.String("token"),
			Expiration: aws.Time(arrived.Add(life)),
		},
	}, nil
}

// keyWithExpiry returns an access key ID that says when it expires, so that nobody has to remember it.
func keyWithExpiry(n int64, end time.Time) string {
	return "ASIA" + strconv.FormatInt(n, 10) + "X" + strconv.FormatInt(end.UnixNano(), 10)
}

// expired reports whether a key has expired.
func expired(accessKeyID string, now time.Time) bool {
	_, end, _ := strings.Cut(accessKeyID, "X")
	ns, err := strconv.ParseInt(end, 10, 64)
	return err != nil || now.UnixNano() >= ns
}

// sum sets the numbers of STS.
func (s *service) sum(p Plan, side *Side) {
	second := func(d time.Duration) int { return int(d / time.Second) }
	started := second(time.Duration(p.Waves-1)*p.WaveStep + 10*time.Minute)
	late := 0
	for i := range s.seconds {
		n := int(s.seconds[i].Load())
		side.STSCalls += n
		if i%60 == 0 {
			side.Minutes = append(side.Minutes, 0)
		}
		last := &side.Minutes[len(side.Minutes)-1]
		*last = max(*last, n)
		if i < started {
			side.StartPeak = max(side.StartPeak, n)
		} else {
			side.Peak = max(side.Peak, n)
		}
		if i >= second(p.Outage) && i < second(p.Outage+p.Down+15*time.Minute) {
			side.OutagePeak = max(side.OutagePeak, n)
		}
		if i >= 3600 {
			late += n
		}
	}
	side.Mean = float64(late) / float64(max(1, len(s.seconds)-3600))
}
