package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// forgetful is an STS that keeps no answers, so that all memory in use belongs to the provider. Its
// strings are as long as those of AWS.
type forgetful struct{}

// AssumeRoleWithWebIdentity answers at once.
func (forgetful) AssumeRoleWithWebIdentity(_ context.Context, in *sts.AssumeRoleWithWebIdentityInput, _ ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	name := aws.ToString(in.RoleSessionName)
	return &sts.AssumeRoleWithWebIdentityOutput{
		AssumedRoleUser: &types.AssumedRoleUser{
			Arn:           aws.String(fakests.AssumedRole(aws.ToString(in.RoleArn), name)),
			AssumedRoleId: aws.String("AROATESTONAFED:" + name),
		},
		Credentials: &types.Credentials{
			AccessKeyId:     aws.String(strings.Repeat("A", 20)),
			SecretAccessKey: aws.String(strings.Repeat("s", 40)),
			SessionToken:    aws.String(strings.Repeat("t", 700)),
			Expiration:      aws.Time(time.Now().Add(time.Hour)),
		},
	}, nil
}

// measureMemory measures the memory of thousands of loaded roles on both sides.
func measureMemory(ctx context.Context, b *bench) error {
	const roles = 4000
	token := fakests.Retriever(fakests.RawToken(time.Now()))
	arn := func(i int) string { return fmt.Sprintf("arn:aws:iam::123456789012:role/team/deploy-%06d", i) }
	newOurs := func(i int) aws.CredentialsProvider { return must(awsfed.New(forgetful{}, arn(i), fakests.Source{})) }
	newPeer := func(i int) aws.CredentialsProvider {
		return aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(forgetful{}, arn(i), token))
	}
	var ours, peer, pooled, ratios []float64
	goroutines := 0
	for range min(b.rounds, 15) {
		o, g := weigh(ctx, roles, newOurs)
		p, _ := weigh(ctx, roles, newPeer)
		pool := awsfed.NewPool(forgetful{}, fakests.Source{})
		q, _ := weigh(ctx, roles, func(i int) aws.CredentialsProvider { return must(pool.Provider(arn(i))) })
		ours, peer, pooled, ratios = append(ours, o), append(peer, p), append(pooled, q), append(ratios, o/p)
		goroutines = max(goroutines, g)
	}
	bytes := group(int(median(ours))) + " B"
	b.add(line{
		work: "memory of a loaded role (session token of 700 characters)",
		peer: "aws.CredentialsCache: " + group(int(median(peer))) + " B",
		ours: bytes + "; in a Pool " + group(int(median(pooled))) + " B", ratio: ratioText(median(ratios)),
		goal: "<= the peer, <= 1,720 B", verdict: judge(median(ours) <= 1720 && median(ratios) <= 1),
	})
	b.add(line{
		work: "goroutines of " + group(roles) + " idle roles",
		peer: "aws.CredentialsCache: 0", ours: group(goroutines), goal: "0", verdict: judge(goroutines == 0),
	})
	return nil
}

// weigh returns the bytes of one loaded provider and the number of goroutines that all providers left
// running.
func weigh(ctx context.Context, n int, provider func(i int) aws.CredentialsProvider) (bytes float64, goroutines int) {
	ps := make([]aws.CredentialsProvider, n)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	running := runtime.NumGoroutine()
	before := heap()
	for i := range ps {
		ps[i] = provider(i)
		_, err := ps[i].Retrieve(ctx)
		check(err)
	}
	// The goroutine of the last refresh ends a moment after its caller got the result.
	for range 100 {
		if runtime.NumGoroutine() <= running {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	after := heap()
	left := max(0, runtime.NumGoroutine()-running)
	runtime.KeepAlive(ps)
	return (float64(after) - float64(before)) / float64(n), left
}
