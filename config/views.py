from django.http import HttpResponse


def setup(request, campaign):
    return HttpResponse()
