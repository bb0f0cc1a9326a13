#include "modes/fork/preload/control.h"

#include <errno.h>
#include <string.h>

int warm_are_variables(const char* variables, size_t size, uint32_t count) {
  size_t at = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const size_t left = size - at;
    const char* const end = left > 0 ? memchr(variables + at, '\0', left) : NULL;
    if (end == NULL) return 0;
    const size_t length = (size_t)(end - (variables + at));
    const char* const equals = memchr(variables + at, '=', length);
    if (equals == NULL || equals == variables + at) return 0;
    at += length + 1;
  }
  return at == size;
}

int warm_parse_request(const void* message, size_t size, int descriptors,
                       struct warm_request* request) {
  if (size < sizeof request->header) return EBADMSG;
  memcpy(&request->header, message, sizeof request->header);
  const struct warm_header* const header = &request->header;
  if (header->magic != WARM_MAGIC || header->kind != WARM_REQUEST) return EBADMSG;
  if ((header->flags & ~(WARM_ONCE | WARM_IN_BLOCK)) != 0) return EBADMSG;
  const size_t behind = size - sizeof *header;
  if ((header->flags & WARM_IN_BLOCK) != 0) {
    request->variables = NULL;
    const int fits = behind == 0 && header->bytes > 0 && header->bytes <= WARM_MOST_VARIABLES;
    return fits && descriptors == 4 ? 0 : EBADMSG;
  }
  if (descriptors != 3 || behind != header->bytes || behind > WARM_MOST_INLINE) return EBADMSG;
  request->variables = (const char*)message + sizeof *header;
  return warm_are_variables(request->variables, header->bytes, header->count) ? 0 : EBADMSG;
}
