"""Response headers that hold for every page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

# No inline script and no inline style anywhere: scraped text that slips through sanitising still cannot run.
# Images inside scraped text are not loaded from elsewhere: that would tell strangers who reads what.
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


Handler = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or any("\x00" in text for name in request.GET for text in request.GET.getlist(name)):
            return HttpResponseBadRequest("A NUL character has no meaning here.")  # PostgreSQL cannot even ask for it
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        # Pages are for the person who asked; nothing of them stays in a shared cache or on a shared machine.
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return middleware
