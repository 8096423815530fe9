package authtoken_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/authtoken"
)

// exampleConfig replaces the result of awsfed.LoadConfig.
var exampleConfig = aws.Config{Region: "eu-central-1", Credentials: static()}

func ExampleRDS() {
	tokens, err := authtoken.RDS(exampleConfig, "db.abc.eu-central-1.rds.amazonaws.com:5432", "app")
	if err != nil {
		log.Fatal(err)
	}
	t, err := tokens.Token(context.Background()) // for each connection
	if err != nil {
		log.Fatal(err)
	}
	password := t.Raw()
	fmt.Println(strings.HasPrefix(password, "db.abc.eu-central-1.rds.amazonaws.com:5432?Action=connect&DBUser=app&"))
	// Output: true
}

// A credential plugin for kubectl prints this JSON.
func ExampleExecCredential() {
	tokens, err := authtoken.EKS(exampleConfig, "my-cluster")
	if err != nil {
		log.Fatal(err)
	}
	t, err := tokens.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	out, err := authtoken.ExecCredential(t, `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(out[:80]))
	// Output: {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{
}
