# syntax=docker/dockerfile:1
# A static binary and the CA certificates, nothing else: no shell, no package
# manager, no root.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION=0.0.0-image
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /aopscan ./cmd/aopscan
# Where reports go unless a folder is mounted there.
RUN mkdir /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /aopscan /aopscan
COPY --from=build --chown=65532:65532 /empty /work
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/aopscan"]
CMD ["--help"]
