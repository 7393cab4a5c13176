-- What follows walks the tables above. A packet is the 20-byte header of src/trace/pcapng/export.ts, then a message frame.

local IOP_TID = 0
local UTILITY = 0xfff
local EXECUTIVE = 0x000
local NO_SOCKET = 0xffff
local HEADER_BYTES = 20
local FLAG_MULTIPLE, FLAG_FAIL, FLAG_REPLY = 0x10, 0x20, 0x80
local SUCCESS, TRANSACTION_ERROR = 0x00, 0x0b

local f = {
  kind = define(ProtoField.uint8("inic.kind", "Kind", base.DEC, { [0] = "frame", [1] = "doorbell", [2] = "interrupt" })),
  direction = define(ProtoField.uint8("inic.direction", "Direction", base.DEC, { [0] = "inbound", [1] = "outbound" })),
  number = define(ProtoField.uint32("inic.number", "Frame number", base.DEC)),
  slot = define(ProtoField.uint32("inic.slot", "Frame slot", base.DEC)),
  answers = define(ProtoField.uint32("inic.answers", "Answers frame number", base.DEC)),
  device = define(ProtoField.uint16("inic.device", "Class of the device", base.HEX)),
  socket = define(ProtoField.uint32("inic.socket", "Socket", base.DEC)),
  message = define(ProtoField.string("inic.message", "Message")),
  form = define(ProtoField.string("inic.form", "Form")),
  status = define(ProtoField.uint32("inic.status", "ReqStatus", base.HEX, names.RequestStatus, 0xff000000)),
  detailed = define(ProtoField.uint32("inic.detailed", "DetailedStatusCode", base.HEX, names.DetailedStatus, 0xffff)),
  errno = define(ProtoField.uint32("inic.errno", "errno", base.DEC, names.Errno, 0xffff)),
  sgl_kind = define(ProtoField.string("inic.sgl.kind", "Element")),
  sgl_flags = define(ProtoField.uint32("inic.sgl.flags", "Flags", base.HEX, nil, 0xff000000)),
  sgl_count = define(ProtoField.uint32("inic.sgl.count", "Bytes", base.DEC, nil, 0x00ffffff)),
  sgl_context = define(ProtoField.uint32("inic.sgl.context", "Context", base.HEX)),
  sgl_address = define(ProtoField.uint32("inic.sgl.address", "Address", base.HEX)),
  sgl_data = define(ProtoField.bytes("inic.sgl.data", "Data")),
  trouble = define(ProtoField.string("inic.trouble", "Trouble")),
}

inic.fields = fields

local function word(message, index)
  return message(index * 4, 4):le_uint()
end

local function bits(value, low, width)
  return bit.band(bit.rshift(value, low), 2 ^ width - 1)
end

local function add_fields(tree, message, at, layout)
  for _, entry in ipairs(layout.fields) do
    tree:add_le(entry[2], message((at + entry[1]) * 4, 4))
  end
end

-- Name of an element, its words, where its context and its address are (nil: it has none), and where its data is.
local function element(message, at, contexts)
  local first = word(message, at)
  local flags, count = bits(first, 24, 7), bits(first, 0, 24)
  if flags == 0x70 then return "shortTransaction", 1 + math.max(1, bits(first, 16, 8)), 1 end
  if flags == 0x40 then return "longTransaction", 1 + math.max(1, count), 1 end
  if flags == 0x7c then return "attributes", 1 + bits(first, 16, 8) end
  local shape = bit.band(flags, 0x3c)
  if shape == 0x00 then return "ignore", 1 + count end
  if shape == 0x04 then return "transport", 1 + math.floor((count + 3) / 4) end
  if shape == 0x08 then return "bitBucket", 2, 1 end
  if shape == 0x0c then
    local data = contexts and 2 or 1
    return contexts and "immediate" or "data", data + math.floor((count + 3) / 4), contexts and 1 or nil, nil, data
  end
  local own = bit.band(flags, 3)
  local context = own > 0 and 1 or nil
  local kind = bit.band(flags, 0x30)
  if kind == 0x20 then return "pageList", 1 + own + math.max(1, math.ceil(count / 4096)), context, 1 + own end
  if kind == 0x30 then return "chain", 2 + own, context, 1 + own end
  local out = bit.band(flags, 4) ~= 0
  local name = own > 0 and (out and "transmit" or "bucket") or (out and "out" or "in")
  return name, 2 + own, context, 1 + own
end

local function add_sgl(tree, message, at, size, contexts)
  while at < size do
    local name, words, context, address, data = element(message, at, contexts)
    local here = tree:add(inic, message(at * 4, math.min(words, size - at) * 4), "Element: " .. name)
    here:add(f.sgl_kind, message(at * 4, 4), name)
    here:add_le(f.sgl_flags, message(at * 4, 4))
    here:add_le(f.sgl_count, message(at * 4, 4))
    if at + words > size then
      here:add(f.trouble, message(at * 4, 4), "the element runs past the message")
      return
    end
    if context then here:add_le(f.sgl_context, message((at + context) * 4, 4)) end
    if address then here:add_le(f.sgl_address, message((at + address) * 4, 4)) end
    local count = bits(word(message, at), 0, 24)
    if data and count > 0 then here:add(f.sgl_data, message((at + data) * 4, count)) end
    if bits(word(message, at), 31, 1) == 1 then return end
    at = at + words
  end
end

local function add_list(tree, message, layout, size)
  local count, stride = bits(word(message, layout.list.count), 0, layout.list.bits), layout.list.stride
  local structure = structures[layout.list.structure or ""]
  -- A batch's outcomes: a context and a word beside it.
  if layout.word3 and not structure and bits(word(message, 3), 8, 8) == 1 then
    structure, stride = structures.TransactionOutcome, 2
  end
  for i = 0, count - 1 do
    local at = layout.list.word + i * stride
    if at + stride > size then
      tree:add(f.trouble, message(), "the list runs past the message")
      return
    end
    if structure then
      local here = tree:add(inic, message(at * 4, stride * 4), "Element " .. (i + 1))
      add_fields(here, message, at, structure)
    else
      tree:add_le(layout.list.field, message(at * 4, 4))
    end
  end
end

local function add_layout(tree, message, layout, size)
  if size < layout.words then
    tree:add(f.trouble, message(), size .. " words where " .. layout.words .. " are needed")
    return
  end
  add_fields(tree, message, 0, layout)
  if layout.list then
    for _, entry in ipairs(layout.fields) do
      if entry[1] == 3 then layout.word3 = true end
    end
    add_list(tree, message, layout, size)
  end
  if layout.sgl then
    local offset = bits(word(message, 0), 4, 4)
    add_sgl(tree, message, offset > 0 and offset or layout.sgl, size, layout.contexts)
  end
end

local function add_reply(tree, message, entry, class, size, flags)
  if bit.band(flags, FLAG_FAIL) ~= 0 then
    add_layout(tree, message, structures.FailureRecord, size)
    return "could not be delivered"
  end
  if entry and entry.form == "overlaid" then
    add_layout(tree, message, entry.reply, size)
    return "reply"
  end
  if size < 5 then return "reply" end
  local status = bits(word(message, 4), 24, 8)
  tree:add_le(f.status, message(16, 4))
  if status == TRANSACTION_ERROR then
    tree:add_le(f.detailed, message(16, 4))
    return "reply TransactionError"
  end
  tree:add_le(class == EXECUTIVE and f.detailed or f.errno, message(16, 4))
  if entry and entry.reply and size >= entry.reply.words then
    if entry.form ~= "multiple" or bit.band(flags, FLAG_MULTIPLE) ~= 0 then
      add_layout(tree, message, entry.reply, size)
    end
  end
  if status == SUCCESS then return "reply" end
  return "reply " .. (names.RequestStatus[status] or "?") .. " " .. (names.Errno[bits(word(message, 4), 0, 16)] or "")
end

local function add_message(tree, message, outbound, device)
  local first, second = word(message, 0), word(message, 1)
  local size = math.min(bits(first, 16, 16), math.floor(message:len() / 4))
  local flags, target, code = bits(first, 8, 8), bits(second, 0, 12), bits(second, 24, 8)
  local class = target == IOP_TID and EXECUTIVE or device
  local entry = code < 0x20 and classes[UTILITY][code]
    or (classes[class] and classes[class][code])
    or (code == 0xff and classes[EXECUTIVE][code])
    or nil
  local name = entry and entry.name or string.format("function 0x%02x", code)
  tree:add(f.message, message(4, 4), name)
  add_fields(tree:add(inic, message(0, 16), "Header"), message, 0, structures.MessageHeader)
  local form = "request"
  if outbound or bit.band(flags, FLAG_REPLY) ~= 0 then
    form = add_reply(tree, message, entry, class, size, flags)
  elseif entry then
    add_layout(tree, message, entry.request, size)
  end
  tree:add(f.form, message(0, 4), form)
  return form == "request" and name or name .. " " .. form
end

function inic.dissector(buffer, packet, root)
  if buffer:len() < HEADER_BYTES then return 0 end
  packet.cols.protocol = "INIC"
  local kind, outbound = buffer(1, 1):uint(), buffer(2, 1):uint() == 1
  local tree = root:add(inic, buffer())
  tree:add(f.kind, buffer(1, 1))
  if kind ~= 0 then
    local text = kind == 1 and "doorbell: the host wakes the card" or "interrupt: the card has woken the host"
    packet.cols.info = text
    tree:append_text(", " .. text)
    return buffer:len()
  end
  local number, socket = buffer(4, 4):le_uint(), buffer(18, 2):le_uint() + buffer(3, 1):uint() * 0x10000
  tree:add(f.direction, buffer(2, 1))
  tree:add_le(f.number, buffer(4, 4))
  tree:add_le(f.slot, buffer(8, 4))
  if buffer(12, 4):le_uint() > 0 then tree:add_le(f.answers, buffer(12, 4)) end
  tree:add_le(f.device, buffer(16, 2))
  if socket ~= NO_SOCKET then tree:add(f.socket, buffer(18, 2), socket) end
  packet.cols.src = outbound and "card" or "host"
  packet.cols.dst = outbound and "host" or "card"
  if buffer:len() < HEADER_BYTES + 16 then return buffer:len() end
  local message = buffer(HEADER_BYTES):tvb()
  local text = add_message(tree, message, outbound, buffer(16, 2):le_uint())
  if socket ~= NO_SOCKET then text = text .. ", socket " .. socket end
  packet.cols.info = text
  tree:append_text(", frame " .. number .. ": " .. text)
  return buffer:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, inic)
